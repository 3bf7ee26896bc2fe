"""The numbers by which PostgreSQL's advisory locks are known: of a ledger, and of its campaigns."""

import hashlib
import json

from poku_batch.models import CampaignId


def turn(schema: int) -> int:
    """What whoever writes to the ledger in a schema holds, until the commit."""
    return number("turn", schema)


def campaign(schema: int, identity: CampaignId) -> int:
    """What a run holds as long as it lasts."""
    return number("campaign", schema, identity.name, identity.wave)


def number(*parts: str | int) -> int:
    """64 bits that other parts do not share but by a chance of 1 in 2**64."""
    digest = hashlib.blake2b(json.dumps(["poku-batch", *parts]).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
