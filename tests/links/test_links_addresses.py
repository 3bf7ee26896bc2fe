"""Links to Google Sheets, as people copy them, become links to the sheet itself."""

import pytest

from poku_batch.links.addresses import Address, sheet_address
from poku_batch.links.faults import LinkFaults

SHEETS = "https://docs.google.com/spreadsheets"
ID = "1aBc_DeF-gHiJkLmNoP"


@pytest.mark.parametrize(
    ("link", "url"),
    [
        (f"/d/{ID}/edit", f"/d/{ID}/export?format=csv"),
        (f"/d/{ID}/edit?usp=sharing", f"/d/{ID}/export?format=csv"),
        (f"/d/{ID}/edit?gid=7#gid=42", f"/d/{ID}/export?format=csv&gid=42"),
        (f"/d/{ID}/edit#gid=0&range=A1:C9", f"/d/{ID}/export?format=csv&gid=0&range=A1%3AC9"),
        (f"/u/1/d/{ID}/view?gid=7", f"/d/{ID}/export?format=csv&gid=7"),
        (f"/d/{ID}", f"/d/{ID}/export?format=csv"),
        (f"/d/{ID}/edit?resourcekey=0-x", f"/d/{ID}/export?format=csv&resourcekey=0-x"),
        ("/d/e/2PACX-x/pubhtml", "/d/e/2PACX-x/pub?output=csv"),
        (
            "/d/e/2PACX-x/pubhtml?gid=3&single=true",
            "/d/e/2PACX-x/pub?output=csv&single=true&gid=3",
        ),
    ],
)
def test_a_page_of_a_google_sheet_is_asked_for_as_csv(link: str, url: str) -> None:
    address = sheet_address(f"{SHEETS}{link}")
    assert address == Address(url=f"{SHEETS}{url}", is_google=True, converted=True)


@pytest.mark.parametrize(
    "link",
    [
        f"/d/{ID}/export?format=csv&gid=7",
        f"/d/{ID}/gviz/tq?tqx=out:csv&sheet=x",
        "/d/e/2PACX-x/pub?output=csv",
        "/d/e/2PACX-x/pub?gid=0&single=true&output=tsv",
    ],
)
def test_a_link_to_the_sheet_itself_stays_as_it_is(link: str) -> None:
    assert sheet_address(f"{SHEETS}{link}") == Address(url=f"{SHEETS}{link}", is_google=True)


@pytest.mark.parametrize(
    "link",
    [
        f"https://docs.google.com.evil.example/spreadsheets/d/{ID}/edit",
        f"https://example.com/spreadsheets/d/{ID}/edit",
        "https://docs.google.com/document/d/x/edit",
    ],
)
def test_any_other_link_stays_as_it_is(link: str) -> None:
    assert sheet_address(f"{link}#x") == Address(url=link)


def test_a_worksheet_by_its_name_needs_the_whole_workbook() -> None:
    whole = sheet_address(f"{SHEETS}/d/{ID}/edit#gid=7", workbook=True)
    assert whole.url == f"{SHEETS}/d/{ID}/export?format=xlsx"
    published = sheet_address(f"{SHEETS}/d/e/2PACX-x/pubhtml", workbook=True)
    assert published.url == f"{SHEETS}/d/e/2PACX-x/pub?output=xlsx"


@pytest.mark.parametrize("status", [401, 403])
def test_a_google_sheet_that_is_not_shared_is_told_with_how_to_share_it(status: int) -> None:
    faults = LinkFaults(name="the link", address=sheet_address(f"{SHEETS}/d/{ID}/edit"))
    told = str(faults.status(status))
    assert told == str(faults.page())
    assert told.startswith("the link: the Google Sheet may not be read without signing in (share")
    assert "File → Share → Publish to web" in told
    direct = LinkFaults(name="x", address=sheet_address(f"{SHEETS}/d/{ID}/export?format=csv"))
    assert "Publish to web" in str(direct.page())
