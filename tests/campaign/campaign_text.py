"""Campaigns by their text: the least one, what a longer one becomes, and its faults."""

from pathlib import Path

import pytest

from poku_batch.campaign import Campaign, load_campaign
from poku_batch.errors import CampaignError, Fault

LEAST = "name: spring\ncontacts: people.csv\nprompt: call.md\n"


def load(folder: Path, text: str) -> Campaign:
    path = folder / "c.yaml"
    path.write_text(text, encoding="utf-8")
    return load_campaign(path)


def faults(folder: Path, text: str | bytes) -> tuple[Fault, ...]:
    path = folder / "c.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CampaignError) as caught:
        load_campaign(path)
    return caught.value.faults


def the_fault(folder: Path, more: str) -> str:
    """The text of the only fault, without the file's name."""
    (fault,) = faults(folder, LEAST + more)
    assert fault.file == str(folder / "c.yaml")
    return str(fault).removeprefix(str(folder / "c.yaml"))
