"""poku-batch."""
