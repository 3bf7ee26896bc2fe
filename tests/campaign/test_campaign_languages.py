"""Languages as people write them."""

import pytest

from poku_batch.languages import LANGUAGES, near_language


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_tag_means_itself_however_it_is_written(tag: str) -> None:
    assert near_language(tag) == tag
    assert near_language(tag.replace("-", "_").lower()) == tag


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("en_UK", "en-GB"),
        ("de", "de-DE"),
        ("de-DD", "de-DE"),
        ("en", "en-US"),
        ("pt-PR", "pt-PT"),
        ("es-MX", "es-419"),
        ("jp", "ja-JP"),
        (" English ", "en-US"),
        ("klingon", None),
        ("a remark", None),
        ("", None),
    ],
)
def test_the_language_that_was_meant(text: str, tag: str | None) -> None:
    assert near_language(text) == tag
