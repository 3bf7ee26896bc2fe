"""Live pages for the campaigns of a ledger, served on this machine."""
