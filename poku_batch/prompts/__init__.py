"""Prompts: templates compiled once, checked against the sheet's columns, rendered for each row."""

from poku_batch.prompts.listener import Whereabouts
from poku_batch.prompts.names import identifier
from poku_batch.prompts.source import read_prompt
from poku_batch.prompts.templates import RenderedRow, RowTemplates

__all__ = ["RenderedRow", "RowTemplates", "Whereabouts", "identifier", "read_prompt"]
