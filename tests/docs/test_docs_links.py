"""The links to elsewhere are well formed; whether they answer is asked by hand."""

import pytest

from scripts.check_links import Link, faults, links_of, pages
from scripts.stage import ROOT


def test_every_link_is_https_and_written_in_one_way() -> None:
    links = [
        link
        for page in pages()
        for link in links_of(page.read_text(encoding="utf-8"), str(page.relative_to(ROOT)))
    ]
    assert len(links) > 30
    assert faults(links) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "[a](https://a.example/x) and <https://b.example>",
            ["https://a.example/x", "https://b.example"],
        ),
        ("[law](https://a.example/p-1(c)(1)), so", ["https://a.example/p-1(c)(1)"]),
        ("[here](commands/run.md) `https://c.example`", []),
        ("```yaml\nurl: [x](https://d.example)\n```\n", []),
    ],
)
def test_links_are_found_where_a_reader_can_follow_them(text: str, found: list[str]) -> None:
    assert [link.url for link in links_of(text, "page.md")] == found


@pytest.mark.parametrize(
    ("urls", "fault"),
    [
        (["http://a.example"], "page.md:1: http://a.example: not https"),
        (["https://localhost"], "page.md:1: https://localhost: no host"),
        (
            ["https://a.example/x", "https://a.example/x/"],
            "page.md:2: https://a.example/x/: written otherwise in page.md:1, as https://a.example/x",
        ),
    ],
)
def test_a_link_that_is_not_well_formed_is_told_with_its_place(urls: list[str], fault: str) -> None:
    links = [Link(url=url, page="page.md", line=line) for line, url in enumerate(urls, 1)]
    assert faults(links) == [fault]


def test_a_link_is_told_with_its_own_line() -> None:
    text = "one\n```sh\ntwo\n```\n[x](http://a.example)\n"
    assert links_of(text, "page.md") == [Link(url="http://a.example", page="page.md", line=5)]
