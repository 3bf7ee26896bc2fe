"""A ledger's tables as they lie there, in a file or in a database."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from poku_batch.ledger.connection import Connection
from poku_batch.ledger.places import place_of

#: Tables that hold words of people.
TABLES = (
    *("contacts", "attempts", "answers", "attempt_events", "prompts", "verdicts", "outbox"),
    *("do_not_call", "recordings", "runs", "campaigns"),
)


@contextmanager
def raw(url: str | Path) -> Iterator[Connection]:
    """A connection of one's own, beside whoever else has the ledger open."""
    with closing(place_of(url).connect()) as connection:
        yield connection


def file_bytes(url: str) -> bytes:
    """What a ledger's file holds, byte by byte; nothing of a database."""
    return b"" if url.startswith("postgresql") else Path(url).read_bytes()


_RELATIONS = """
    SELECT pg_relation_filepath(c.oid) FROM pg_class c
    WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
        AND c.relkind IN ('r', 'i')
    UNION ALL
    SELECT pg_relation_filepath(c.reltoastrelid) FROM pg_class c
    WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
        AND c.reltoastrelid <> 0
"""


def all_bytes(url: str) -> bytes:
    """What all files of a ledger hold: those of its folder, or of its tables and indexes."""
    if not url.startswith("postgresql"):
        files = sorted(Path(url).parent.iterdir())
        return b"".join(file.read_bytes() for file in files)
    with raw(url) as connection:
        connection.execute("CHECKPOINT")
        folder = connection.execute("SHOW data_directory").fetchone()[0]
        paths = [path for (path,) in connection.execute(_RELATIONS).fetchall()]
    return b"".join(Path(folder, path).read_bytes() for path in paths)


def everything(url: str | Path) -> str:
    """All that is stored, as text."""
    with raw(url) as connection:
        found = [connection.execute(f"SELECT * FROM {name}").fetchall() for name in TABLES]  # noqa: S608
    return repr(found)
