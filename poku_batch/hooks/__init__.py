"""Telling somebody else's program: a signed webhook, a command, and nobody at all.

Each sender is a ``ports.HookSender``: it tells one message once, and says why it was not taken.
"""

from poku_batch.hooks.command import CommandSender
from poku_batch.hooks.silent import SilentSender
from poku_batch.hooks.webhook import WebhookSender

__all__ = ["CommandSender", "SilentSender", "WebhookSender"]
