"""Uploads to the desk: bounded, private, under names of the desk's own, and gone in time."""

import io
import os
import stat
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from poku_batch.app.desk.uploads import Uploads, shown_name
from poku_batch.app.ledgers import forget_uploads
from poku_batch.dashboard.desk import DeskError
from tests.app.desk_world import chunks

pytestmark = pytest.mark.anyio

SHEET = b"name,phone\nAnn,+14155550101\n"


def names(folder: Path) -> set[str]:
    return {path.name for path in (folder / ".poku-batch" / "uploads").iterdir()}


def children(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def workbook(size: int) -> bytes:
    """An archive with a part of so many zeros, packed a thousand times smaller."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part,
    ):
        block = bytes(1 << 20)
        for _ in range(size >> 20):
            part.write(block)
    return packed.getvalue()


async def test_an_upload_is_kept_for_its_owner_alone_under_a_name_that_nobody_chose(
    tmp_path: Path,
) -> None:
    uploads = Uploads(tmp_path)
    kept = await uploads.keep("Neue Liste.CSV", chunks(SHEET[:9], b"", SHEET[9:]))
    path = uploads.path(kept)
    assert path.read_bytes() == SHEET
    assert path.suffix == ".csv"
    assert "liste" not in path.name.lower()
    assert uploads.called(kept) == "Neue Liste.CSV"
    for place in (path.parent, path.parent.parent):
        assert stat.S_IMODE(place.stat().st_mode) == 0o700
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert await uploads.keep("Neue Liste.CSV", chunks(SHEET)) != kept


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/cron.d/evil.csv", "evil.csv"),
        ("C:\\Users\\me\\people.xlsx", "people.xlsx"),
        ("/etc/passwd.csv", "passwd.csv"),
        ("..\\..\\a.tsv", "a.tsv"),
        ("a\x00\x1b[31mb\r\nSet-Cookie: x.csv", "a [31mb Set-Cookie: x.csv"),
        ("\u202egnp.csv", "gnp.csv"),
        ("x" * 5_000 + ".csv", "x" * 75 + "….csv"),
        ("<img src=x onerror=alert(1)>.csv", "<img src=x onerror=alert(1)>.csv"),
        ("-rf.csv", "-rf.csv"),
        ("*?.csv", "*?.csv"),
    ],
)
async def test_a_hostile_name_is_shown_plainly_and_names_no_file(
    tmp_path: Path, name: str, shown: str
) -> None:
    uploads = Uploads(tmp_path / "campaigns")
    (tmp_path / "campaigns").mkdir()
    kept = await uploads.keep(name, chunks(b"name,phone\n", SHEET))
    assert uploads.called(kept) == shown_name(name) == shown
    assert names(tmp_path / "campaigns") == {
        f"{kept}{Path(shown).suffix}",
        uploads.path(kept).name + ".name",
    }
    assert children(tmp_path) == ["campaigns"]


@pytest.mark.parametrize("name", ["a.exe", "a.xls", "csv", "", "..", "a.csv/", "a.csv.yaml", "\n"])
async def test_what_is_no_sheet_by_its_name_is_not_kept(tmp_path: Path, name: str) -> None:
    with pytest.raises(DeskError, match=r"no sheet by its name; upload a file that ends in \.csv"):
        await Uploads(tmp_path).keep(name, chunks(SHEET))
    assert not children(tmp_path)


async def test_an_upload_without_end_is_broken_off_and_nothing_of_it_is_left(
    tmp_path: Path,
) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 1 << 16
            yield bytes(1 << 16)

    with pytest.raises(DeskError, match=r"big\.csv: larger than 1 MiB"):
        await Uploads(tmp_path, most_bytes=1 << 20).keep("big.csv", endless())
    assert given <= (1 << 20) + (1 << 16)
    assert not names(tmp_path)


async def test_an_upload_that_is_broken_off_leaves_nothing(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield SHEET
        raise ConnectionResetError("the browser has left")

    async def slow() -> AsyncIterator[bytes]:
        yield SHEET
        await anyio.sleep_forever()

    uploads = Uploads(tmp_path)
    with pytest.raises(DeskError):
        await uploads.keep("a.csv", broken())
    with anyio.move_on_after(0.2):
        await uploads.keep("a.csv", slow())
    assert not names(tmp_path)


async def test_an_empty_upload_and_a_damaged_workbook_are_refused(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    with pytest.raises(DeskError, match="is empty"):
        await uploads.keep("a.csv", chunks())
    damaged = bytearray(workbook(1 << 20))
    damaged[len(damaged) // 2] ^= 0xFF
    with pytest.raises(DeskError, match="a damaged workbook"):
        await uploads.keep("a.xlsx", chunks(bytes(damaged)))
    assert not names(tmp_path)


async def test_a_small_workbook_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    bomb = workbook((1 << 30) + (1 << 20))
    assert len(bomb) < 8 << 20
    # Also where it is called something else, or says that it is small.
    lying = bomb.replace(((1 << 30) + (1 << 20)).to_bytes(4, "little"), b"\0\1\0\0")
    assert lying != bomb
    for name, data in (("a.xlsx", bomb), ("a.csv", bomb), ("a.xlsx", lying)):
        with pytest.raises(DeskError, match=r"unpacked it is larger than 1 GiB|a damaged workbook"):
            await Uploads(tmp_path).keep(name, chunks(data))
    assert not names(tmp_path)


@pytest.mark.parametrize(
    "known_by", ["../sheet", "a" * 32, "A" * 32, "", "*", "../../../etc/passwd", "a" * 31 + "\n"]
)
async def test_nothing_else_is_taken_for_an_upload(tmp_path: Path, known_by: str) -> None:
    uploads = Uploads(tmp_path)
    await uploads.keep("a.csv", chunks(SHEET))
    (tmp_path / ".poku-batch" / "sheet.csv").write_bytes(SHEET)
    with pytest.raises(DeskError, match="no longer there; upload it again"):
        uploads.path(known_by)
    assert uploads.called(known_by) == "the uploaded sheet"


async def test_uploads_that_no_run_needs_are_gone_after_a_day(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    old, used, new = [await uploads.keep(f"{n}.csv", chunks(SHEET)) for n in range(3)]
    aged = uploads.path(new).stat().st_mtime - 86_500
    for kept in (old, used):
        for path in (uploads.path(kept), uploads.path(kept).with_suffix(".csv.name")):
            os.utime(path, (aged, aged))
    uploads.prune({used})
    assert {name[:32] for name in names(tmp_path)} == {used, new}
    assert uploads.called(used) == "1.csv"


async def test_only_so_many_unused_uploads_are_kept(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    kept = []
    for number in range(23):
        kept.append(await uploads.keep("a.csv", chunks(SHEET)))
        at = 2_000_000_000 + number
        os.utime(uploads.path(kept[-1]), (at, at))
    uploads.prune({kept[0]})
    assert {name[:32] for name in names(tmp_path)} == {kept[0], *kept[3:]}


async def test_whoever_is_forgotten_is_in_no_upload_either(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    for name in ("a.csv", "b.parquet"):
        await uploads.keep(name, chunks(SHEET))
    assert forget_uploads(tmp_path) == 2
    assert not names(tmp_path)
    assert forget_uploads(tmp_path / "nowhere") == 0
