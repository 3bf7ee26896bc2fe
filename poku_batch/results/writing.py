"""Writing results: every file in one pass, each beside its target and renamed into place.

Memory is bounded by the batch; files are written in a thread. Until all files are complete and on
the disk none is renamed, and whatever breaks that off leaves nothing behind.
"""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread

from poku_batch.models import ContactRecord, PlainRecord
from poku_batch.results.failures import writing
from poku_batch.results.fields import NO_FIELDS, Fields
from poku_batch.results.frame import rejects_frame, results_frame
from poku_batch.results.layout import Layout, rejects_layout, results_layout
from poku_batch.results.overview import Overview
from poku_batch.results.placing import draft_beside, put_in_place, sync
from poku_batch.results.rejects import Rejects, is_reject

if TYPE_CHECKING:
    from poku_batch.results.plain import PlainTable
    from poku_batch.results.tables import Table

#: Makes a table's rows of the ledger's.
_Framing = Callable[[list[Any]], Any]
#: Opens the table that goes to a target, at a path that is not its last.
_Opening = Callable[[Path, Path], "Table"]

#: The formats that are text, by their endings, and what stands between their cells.
_DELIMITERS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """A table being written at ``path``, beside ``target``; ``asked`` is what the caller named."""

    asked: Path
    target: Path
    path: Path
    table: "Table"


async def write_results(
    paths: Sequence[Path],
    columns: Sequence[str],
    batches: AsyncIterator[list[ContactRecord]],
    *,
    fields: Fields = NO_FIELDS,
    overview: Overview | None = None,
) -> list[Path]:
    """Write the records to every one of ``paths``; formats go by the endings.

    Gives where they are, in the order of ``paths``. That is another name beside a path, as
    ``results (2).csv``, where what stands there cannot be replaced: open in a program that keeps
    it locked, protected, or a folder.

    ``columns`` are the input's, in order; ``fields`` what the campaign reads out of its summaries,
    each of which has a column after the others; ``overview`` is a workbook's second worksheet.
    Parent folders are created; the files are readable by their owner alone. A link is followed,
    not replaced. Raises ``ResultsError`` where a file cannot be written: then the old files stand
    as they were.
    """
    layout = results_layout(columns, fields)
    framing = partial(results_frame, columns, fields=fields)
    return await _write_tables(paths, batches, framing, _tables(layout, overview))


def is_plain(paths: Sequence[Path], fields: Fields) -> bool:
    """Whether results can be written by ``write_plain``: text files all, and no fields."""
    return not fields and all(path.suffix.lower() in _DELIMITERS for path in paths)


async def write_plain(
    paths: Sequence[Path], columns: Sequence[str], batches: AsyncIterator[list[PlainRecord]]
) -> list[Path]:
    """Write what ``write_results`` writes, of plain records into text files."""
    layout = results_layout(columns, NO_FIELDS)

    def table(path: Path, target: Path) -> "PlainTable":
        from poku_batch.results.plain import PlainTable

        delimiter = _DELIMITERS[target.suffix.lower()]
        return PlainTable(path, layout, columns=len(columns), delimiter=delimiter)

    return await _write_tables(paths, batches, lambda records: records, table)


async def write_rejects(
    path: Path, columns: Sequence[str], batches: AsyncIterator[list[ContactRecord]]
) -> Rejects:
    """Write those of the records that are to be corrected, as ``write_results`` writes.

    Without any the file holds the column names alone.
    """
    rows = 0

    async def rejected() -> AsyncIterator[list[ContactRecord]]:
        nonlocal rows
        async for records in batches:
            kept = [record for record in records if is_reject(record)]
            rows += len(kept)
            if kept:
                yield kept

    layout = rejects_layout(columns)
    framing = partial(rejects_frame, columns)
    places = await _write_tables([path], rejected(), framing, _tables(layout))
    return Rejects(path=places[0], rows=rows)


def _tables(layout: Layout, overview: Overview | None = None) -> _Opening:
    def table(path: Path, target: Path) -> "Table":
        from poku_batch.results.tables import open_table

        return open_table(path, layout, target=target, overview=overview)

    return table


async def _write_tables(
    paths: Sequence[Path],
    batches: AsyncIterator[list[Any]],
    framing: _Framing,
    table: _Opening,
) -> list[Path]:
    drafts: list[_Draft] = []
    try:
        await to_thread.run_sync(_open_drafts, drafts, paths, table)
        async for records in batches:
            await to_thread.run_sync(_write, drafts, records, framing)
        return await to_thread.run_sync(_publish, drafts)
    except BaseException:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(_discard, drafts)
        raise


def _open_drafts(drafts: list[_Draft], paths: Sequence[Path], table: _Opening) -> None:
    for path in paths:
        with writing(path):
            drafts.append(_open_draft(path, table))


def _open_draft(path: Path, opened: _Opening) -> _Draft:
    target = Path(os.path.realpath(path))
    draft = draft_beside(target)
    try:
        return _Draft(asked=path, target=target, path=draft, table=opened(draft, target))
    except BaseException:
        draft.unlink()
        raise


def _write(drafts: list[_Draft], records: list[Any], framing: _Framing) -> None:
    frame = framing(records)
    for draft in drafts:
        with writing(draft.asked):
            draft.table.write(frame)


def _publish(drafts: list[_Draft]) -> list[Path]:
    for draft in drafts:
        with writing(draft.asked):
            draft.table.close()
            sync(draft.path)
    places = []
    for draft in drafts:
        with writing(draft.asked):
            places.append(_put_in_place(draft))
            sync(draft.target.parent)
    return places


def _put_in_place(draft: _Draft) -> Path:
    place = put_in_place(draft.path, draft.target)
    # A link is named as it was asked for.
    return draft.asked if place == draft.target else place


def _discard(drafts: list[_Draft]) -> None:
    for draft in drafts:
        # The first error is the one to tell; a full disk breaks the closing too.
        with suppress(OSError):
            draft.table.abandon()
        draft.path.unlink(missing_ok=True)
