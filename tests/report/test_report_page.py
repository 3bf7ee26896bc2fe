"""A report as text: what it says, and what it must not hold."""

import json
import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from poku_batch.report.libraries import data_tables
from poku_batch.report.page import as_json
from tests.report.report_world import NOW, Made, report

ATTACK = """</script><script>alert(1)</script><img src=x onerror=alert(2)>"'<!--"""


class Elements(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def text_of(page: Path) -> str:
    """What a page says without the table's values, its styles and scripts, on one line."""
    bare = re.sub(r"(?s)<(script|style)\b.*?</\1>", " ", page.read_text(encoding="utf-8"))
    return " ".join(re.sub(r"<[^>]+>", " ", bare).split())


def rows_of(page: Path) -> list[dict[str, Any]]:
    found = re.search(r'id="people-data">(.*?)</script>', page.read_text(encoding="utf-8"))
    assert found is not None
    rows: list[dict[str, Any]] = json.loads(found.group(1))["rows"]
    return rows


def test_a_report_says_who_was_called_and_reached_and_what_it_cost(tmp_path: Path) -> None:
    made = [
        Made(name="Ann", outcome="completed", summary="She agreed.", lasted_s=61),
        Made(name="Bob", outcome="voicemail", lasted_s=20),
        Made(name="Cem", lost="the line broke"),
        Made(name="Dan", skipped="no number"),
        Made(name="Eve"),
    ]
    said = text_of(report(tmp_path, made, pricing="{per_minute: 0.5, currency: EUR}"))
    assert "Contacts 5" in said
    assert "Called 3 60% of the contacts, 3 calls" in said
    assert "Reached 1 33% of those called" in said
    assert "Unknown 1" in said
    assert "Skipped 1" in said
    assert "To call 1" in said
    assert "Spent 1.50 EUR 3 started minutes at 0.5 EUR" in said
    assert "the line broke" in said
    assert "poku-batch resolve clinic.yaml --key KEY" in said
    assert "no number 1 20%" in said
    assert "As of 2026-11-30 16:00:00 UTC" in said


def test_a_rehearsal_is_called_one(tmp_path: Path) -> None:
    said = text_of(report(tmp_path, [Made(name="Ann")], simulated=True))
    assert "A rehearsal: no phone rang" in said
    assert "poku-batch report clinic.yaml --simulate" in said


def test_a_campaign_without_calls_has_a_report(tmp_path: Path) -> None:
    said = text_of(report(tmp_path, [Made(name="Ann")]))
    assert "Called 0" in said
    assert said.count("No calls yet.") == 6


def test_an_empty_sheet_has_a_report(tmp_path: Path) -> None:
    assert "Contacts 0" in text_of(report(tmp_path, []))


def test_nothing_from_outside_is_markup(tmp_path: Path) -> None:
    made = [
        Made(name=ATTACK, key=ATTACK, outcome="completed", summary=ATTACK, recording=ATTACK),
        Made(name="lost", lost=ATTACK),
        Made(name="left out", skipped=ATTACK),
    ]
    columns = (ATTACK, "phone")
    page = report(
        tmp_path, made, columns=columns, wave=json.dumps("</title><script>alert(3)</script>")
    )
    elements = Elements(page.read_text(encoding="utf-8")).found
    assert [tag for tag, _ in elements if tag == "script"] == ["script"] * 2
    assert not [tag for tag, _ in elements if tag in {"img", "iframe", "object", "base", "link"}]
    names = {name for _, attributes in elements for name in attributes}
    assert not {name for name in names if name.startswith("on") or name == "style"}
    assert rows_of(page)[0]["summary"] == ATTACK


def test_the_policy_lets_in_this_page_s_own_style_and_script_alone(tmp_path: Path) -> None:
    elements = Elements(report(tmp_path, []).read_text(encoding="utf-8")).found
    (policy,) = [
        attributes["content"] or ""
        for tag, attributes in elements
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for kind in ("script-src", "style-src"):
        assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", rules[kind])
    assert "unsafe" not in policy


def test_a_page_names_no_address_but_those_of_recordings(tmp_path: Path) -> None:
    made = [Made(name="Ann", outcome="completed", recording="https://poku.example/a.wav")]
    page = report(tmp_path, made).read_text(encoding="utf-8")
    elements = Elements(page).found
    addresses = [
        value
        for _, attributes in elements
        for name, value in attributes.items()
        if name in {"src", "href", "action", "data", "poster", "srcset"}
    ]
    assert addresses == ["#contacts"]
    assert "https://poku.example/a.wav" in page


def test_only_https_is_an_address_of_a_recording(tmp_path: Path) -> None:
    addresses = [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://127.0.0.1/a.wav",
        "https://",
        "//x/a.wav",
        "https://[",
        "HTTPS://poku.example/a.wav",
    ]
    made = [
        Made(name=address, to=f"+1212555010{n}", outcome="completed", recording=address)
        for n, address in enumerate(addresses)
    ]
    sounds = [row["sound"] for row in rows_of(report(tmp_path, made))]
    assert sounds == [[]] * 6 + [["HTTPS://poku.example/a.wav"]]


def test_a_local_copy_comes_first_by_its_way_from_the_report(tmp_path: Path) -> None:
    kept = tmp_path / "calls" / "a b:#1?.wav"
    address = "https://poku.example/a.wav"
    made = [Made(name="Ann", outcome="completed", recording=address, kept=kept)]
    page = report(tmp_path, made)
    assert rows_of(page)[0]["sound"] == ["./calls/a%20b%3A%231%3F.wav", address]


def test_above_the_most_contacts_those_in_need_come_first_and_the_page_says_so(
    tmp_path: Path,
) -> None:
    made = [
        *(Made(name=f"done {n}", outcome="completed") for n in range(4)),
        Made(name="failed", outcome="invalid_number"),
        Made(name="lost", lost="the line broke"),
    ]
    page = report(tmp_path, made, most=3)
    assert [row["state"] for row in rows_of(page)] == ["unknown", "failed", "done"]
    said = text_of(page)
    assert "The sheet has 6 contacts. These are the 3" in said
    assert "poku-batch export clinic.yaml -o results.xlsx" in said
    assert "Called 6" in said


def test_every_call_of_a_contact_is_there_with_its_evidence(tmp_path: Path) -> None:
    (row,) = rows_of(report(tmp_path, [Made(name="Ann", outcome="busy", summary="Line busy.")]))
    assert row["tone"] == "quiet"
    (call,) = row["calls"]
    assert call["word"] == "busy"
    assert ["evidence", "evidence Line busy."] in call["facts"]
    assert call["length"] == "30 s"


def test_long_texts_are_cut(tmp_path: Path) -> None:
    made = [Made(name="x" * 1_000, outcome="completed", summary="y" * 10_000)]
    (row,) = rows_of(report(tmp_path, made))
    assert len(str(row["summary"])) == 4_000
    assert len(row["cells"][0]) == 300


def test_calls_to_nowhere_are_told_of(tmp_path: Path) -> None:
    made = [Made(name="Ann", to="+18005550100", outcome="completed")]
    assert "1 call to numbers in no known time zone is left out." in text_of(report(tmp_path, made))


def test_calls_are_counted_over_days(tmp_path: Path) -> None:
    made = [
        Made(name=str(n), to=f"+1212555{n:04d}", outcome="completed", at=NOW - timedelta(days=n))
        for n in range(8)
    ]
    assert "Calls by the day of their placement" in text_of(report(tmp_path, made))


@pytest.mark.parametrize("value", ["</script>", "<!--", "&lt;", "\u2028", "é"])
def test_json_in_a_page_holds_no_markup(value: str) -> None:
    text = as_json({"a": value})
    assert not set("<>&\u2028é") & set(text)
    assert json.loads(text) == {"a": value}


def test_the_library_cannot_end_its_script() -> None:
    source = data_tables()
    assert not re.search(r"<(!--|/?script)", source, re.IGNORECASE)
    assert "const DataTable = " in source
    assert not re.search(r"\bexport\s*\{", source)
