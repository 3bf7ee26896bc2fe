"""Local copies of recordings: fetched within bounds, whole or not at all."""
