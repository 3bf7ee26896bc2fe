"""Template files: what is read, and what is refused."""

from pathlib import Path

import pytest

from poku_batch.errors import PromptError
from poku_batch.prompts import read_prompt


def test_line_ends_and_a_byte_order_mark_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "p.md"
    path.write_bytes(b"\xef\xbb\xbfa\r\nb\rc\n")
    assert read_prompt(path) == "a\nb\nc\n"


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "is empty"),
        (b"ok\n\xff\n", "p.md:2: the template is not UTF-8"),
        (b"x" * (256 * 1024 + 1), "larger than 256 KiB"),
    ],
)
def test_a_file_that_is_no_template_is_refused(tmp_path: Path, data: bytes, part: str) -> None:
    path = tmp_path / "p.md"
    path.write_bytes(data)
    with pytest.raises(PromptError) as caught:
        read_prompt(path)
    assert part in str(caught.value)


def test_a_template_of_256_kib_is_read(tmp_path: Path) -> None:
    path = tmp_path / "p.md"
    path.write_bytes(b"x" * (256 * 1024))
    assert len(read_prompt(str(path))) == 256 * 1024


def test_a_missing_template_is_told_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "appointment.md.j2").write_text("hi")
    with pytest.raises(PromptError, match=r"did you mean appointment\.md\.j2\?"):
        read_prompt(tmp_path / "apointment.md.j2")
    with pytest.raises(PromptError, match="there is no folder"):
        read_prompt(tmp_path / "nowhere" / "x.j2")
    with pytest.raises(PromptError, match="is a folder"):
        read_prompt(tmp_path)
    with pytest.raises(PromptError, match="not a path"):
        read_prompt("a\0b")
