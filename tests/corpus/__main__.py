"""Make the sheets of ``libreoffice/`` again: ``uv run python -m tests.corpus``; needs soffice."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.corpus.sheets import MADE_BY_LIBREOFFICE

_PEOPLE = "name,phone\nAna,04155550100\nBen,+14155550101\nCy,0014155550102\n"
_DATES = (
    "name,phone,appointment\nAna,14155550100,3/4/2026\nBen,+1 415 555 0101,2026-03-04 14:30\n"
    "Cy,4.41632E+11,tomorrow\n"
)
_GERMAN = "name,phone,betrag\nJörg,030 901820,12.5\nZoë,030 901821,1234\n"

#: LibreOffice's filter options: separator, quote, UTF-8, from line 1.
_COMMAS = "CSV:44,34,76,1"
_SEMICOLONS = "csv:Text - txt - csv (StarCalc):59,34,76,1"

_MADE = (
    ("zeros.xlsx", _PEOPLE, "xlsx"),
    ("dates.xlsx", _DATES, "xlsx"),
    ("semicolons.csv", _GERMAN, _SEMICOLONS),
    ("people.ods", _PEOPLE, "ods"),
    ("people.xls", _PEOPLE, "xls"),
)


def main() -> None:
    for name, content, how in _MADE:
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "in", f"{Path(name).stem}.csv")
            source.parent.mkdir()
            source.write_text(content, encoding="utf-8")
            out = Path(folder, "out")
            subprocess.run(
                [
                    *("soffice", "--headless", f"--infilter={_COMMAS}"),
                    *("--convert-to", how, "--outdir", out, source),
                ],
                check=True,
                env={"HOME": folder, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            )
            MADE_BY_LIBREOFFICE.mkdir(exist_ok=True)
            shutil.copy(next(out.iterdir()), MADE_BY_LIBREOFFICE / name)


if __name__ == "__main__":
    main()
