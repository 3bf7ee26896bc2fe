"""Values as they are spoken, from a sheet to the prompt and to the faults that ``check`` tells."""

from tests.program import Folder

COLUMNS = ("name", "phone", "lang", "at", "Total", "timezone")
PROMPT = (
    "Call {{ name }}.\n"
    "You see us on {{ at | spoken_datetime }}.\n"
    "It costs {{ row['Total'] | spoken_currency('EUR') }}.\n"
)


def campaign(folder: Folder, *rows: tuple[str, ...], prompt: str = PROMPT, **contacts: str) -> None:
    (folder.path / "prompt.md.j2").write_text(prompt, encoding="utf-8")
    folder.write(
        contacts={"file": "sheet.csv", "phone": "phone", **contacts},
        prompt="prompt.md.j2",
        call={"from": "+14155550100", "language": "{{ lang }}"},
    )
    folder.write_sheet(rows, COLUMNS)


def test_a_preview_speaks_the_rows_language_at_the_contacts_clock(folder: Folder) -> None:
    campaign(
        folder,
        ("Ann", "+14155550123", "en-US", "2026-03-03T22:30Z", "12,50", ""),
        ("Bea", "+4930901820", "de-DE", "3.4.2026 09:05", "1.234", ""),
        ("Cy", "+14155550124", "en-GB", "2026-03-03T22:30Z", "", "Europe/London"),
        decimal=",",
    )
    shown = [folder.command("preview", folder.campaign, "--row", row).out for row in "234"]
    assert "on Tuesday, March 3rd at two thirty in the afternoon." in shown[0]
    assert "It costs 12 euros and 50 cents." in shown[0]
    assert "on Freitag, 3. April um 9:05 Uhr." in shown[1]
    assert "It costs 1.234 Euro." in shown[1]
    assert "on Tuesday the 3rd of March at half past ten at night." in shown[2]
    assert "It costs ." in shown[2]


def test_a_sheet_with_semicolons_has_decimal_commas(folder: Folder) -> None:
    campaign(folder, prompt="{{ row.Total | spoken_number }}")
    head, row = ";".join(COLUMNS), "Ann;+14155550123;en-US;x;2,5;"
    folder.sheet.write_text(f"{head}\n{row}\n", encoding="utf-8")
    assert "two point five" in folder.command("preview", folder.campaign).out


def test_check_tells_every_cell_that_cannot_be_spoken(folder: Folder) -> None:
    campaign(
        folder,
        ("Ann", "+14155550123", "en-US", "31/02/2026 10:00", "1,5", ""),
        ("Bea", "+14155550124", "es-419", "3/4/2026 10:00", "$5", ""),
        ("Cy", "+18005550100", "en-US", "2026-03-03T22:30Z", "5", "EST"),
        ("Dan", "+14155550125", "en-US", "2026-03-03 10:00", "5", ""),
    )
    done = folder.command("check", folder.campaign)
    assert done.code == 2
    told = [line for line in done.err.splitlines() if "prompt.md.j2" in line]
    assert [line.removeprefix("prompt.md.j2:") for line in told] == TOLD


TOLD = [
    (
        "2, row 2: at: '31/02/2026 10:00' is not a date with a time "
        "(write 2026-03-31 14:30 or 31 March 2026, 2:30 pm)"
    ),
    (
        "3, row 2: Total: '1,5' is not an amount of money where '.' separates decimals "
        '(set contacts.decimal, or give the filter decimal=",")'
    ),
    (
        "2, row 3: at: '3/4/2026 10:00' may be 2026-04-03 or 2026-03-04 "
        '(write it so, or give the filter first="day" or first="month")'
    ),
    "3, row 3: Total: '$5' is not in EUR (is the filter's right?)",
    (
        "2, row 4: at: '2026-03-03T22:30Z' has an offset from UTC: 'EST' does not say when clocks "
        "are moved: did you mean America/New_York? "
        '(set calling_hours.default_timezone, or give the filter zone="Europe/Berlin")'
    ),
]


def test_check_tells_a_filter_that_does_not_exist(folder: Folder) -> None:
    campaign(folder, prompt="Hello.\n{{ at | spoken_datetim }} {{ at | spoken_date('de') }}")
    folder.write_sheet([("Ann", "+14155550123", "en-US", "", "", "")], COLUMNS)
    done = folder.command("check", folder.campaign)
    assert done.code == 2
    assert done.err.splitlines()[:2] == [
        "prompt.md.j2:2: there is no filter spoken_datetim (did you mean spoken_datetime?)",
        "prompt.md.j2:2: 'de' is not a language of the API (did you mean de-DE?)",
    ]
