"""A model that reads summaries, behind any OpenAI-compatible chat endpoint."""

from poku_batch.chat.reader import ChatReader

__all__ = ["ChatReader"]
