"""One page about a campaign: a self-contained file that opens offline."""
