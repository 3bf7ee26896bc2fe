"""A workbook behind a link is small, and what it unpacks to is bounded too."""

import io
import zipfile
from pathlib import Path

import openpyxl
import pytest

from poku_batch.links import Bounds
from tests.links.links_world import fetched, refused
from tests.poku.poku_server import http, replying, serving

pytestmark = pytest.mark.anyio

_SHEET = "xl/worksheets/sheet1.xml"


def workbook(*, cell: str = "x") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["name", "phone"])
    sheet.append([cell, "+14155550100"])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def archive(part: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(_SHEET, part)
    return file.getvalue()


def lying(packed: bytes, *, length: int, says: int) -> bytes:
    """An archive whose only part says, in both places, that it is shorter than it is."""
    old, new = length.to_bytes(4, "little"), says.to_bytes(4, "little")
    assert packed.count(old) == 2
    return packed.replace(old, new)


async def test_a_workbook_comes_as_it_is(tmp_path: Path) -> None:
    book = workbook()
    async with serving(replying(http(200, book))) as server:
        assert await fetched(f"{server.url}/s.xlsx", tmp_path) == book


async def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    assert Bounds().most_unpacked == 1 << 30
    packed = archive(b" " * 3_000_001)
    assert len(packed) < 4_000
    async with serving(replying(http(200, packed))) as server:
        url = f"{server.url}/s.xlsx?token=SECRET"
        told = await refused(url, tmp_path, bounds=Bounds(most_unpacked=3_000_000))
        assert told == (
            "is a workbook that is larger than 2 MiB when unpacked (link to the sheet as CSV, or "
            "see what takes so much in it)"
        )
    async with serving(replying(http(200, packed))) as server:
        (tmp_path / "sheet").unlink()
        bounds = Bounds(most_unpacked=3_000_001)
        assert await fetched(f"{server.url}/s.xlsx", tmp_path, bounds=bounds) == packed


@pytest.mark.parametrize(
    "damaged",
    [
        lying(archive(b" " * 3_000_001), length=3_000_001, says=1_000),
        archive(b" " * 3_000)[:-30],
        workbook()[:3_000],
        b"PK\x03\x04" + b"\xff" * 100,
    ],
    ids=["lying", "cut", "half", "none"],
)
async def test_an_archive_that_is_not_what_it_says_is_refused(
    tmp_path: Path, damaged: bytes
) -> None:
    async with serving(replying(http(200, damaged))) as server:
        bounds = Bounds(most_unpacked=3_000_000)
        told = await refused(f"{server.url}/s.xlsx?token=SECRET", tmp_path, bounds=bounds)
    assert told == "is not a sound workbook (open it, and save it again as .xlsx)"
