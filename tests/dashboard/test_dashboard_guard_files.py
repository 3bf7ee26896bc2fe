"""Files that are served, and the names of files that come from outside."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from poku_batch.dashboard.guard import (
    Guard,
    Site,
    confined_file,
    disposition,
    open_confined,
    safe_name,
    sound_type,
    upload_name,
)
from tests.dashboard.guarded import get, head, raw, serving

SOUND = bytes(range(256)) * 40
SECRET = b"what nobody may have"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of recordings beside a secret."""
    root = tmp_path / "recordings"
    (root / "wave 1").mkdir(parents=True)
    (root / "a.mp3").write_bytes(SOUND)
    (root / "wave 1" / "ü.wav").write_bytes(SOUND)
    (root / "page.html").write_text("<script>alert(1)</script>")
    (tmp_path / "secret").write_bytes(SECRET)
    (tmp_path / "recordings-of-others").mkdir()
    (tmp_path / "recordings-of-others" / "a.mp3").write_bytes(SECRET)
    return root


@contextmanager
def serving_files(root: Path) -> Iterator[int]:
    """Serve a folder's files by the path that is asked for; gives the port."""

    async def file(request: Request) -> Response:
        path = request.path_params["path"]
        return await confined_file(request, Path(path), [root], name=path, shown=True)

    app = Starlette(routes=[Route("/files/{path:path}", file, methods=["GET", "HEAD"])])
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    with serving(Guard(Site(host="127.0.0.1", port=port)).wrap(app), listener):
        yield port


def test_a_file_is_played_whole_in_parts_or_told_of(root: Path) -> None:
    with serving_files(root) as port:
        whole = get(port, "/files/a.mp3")
        assert (whole.status, whole.body) == (200, SOUND)
        assert whole.header("content-type") == "audio/mpeg"
        assert whole.header("content-disposition").startswith('inline; filename="a.mp3"')
        assert whole.header("cache-control") == "no-store"

        part = get(port, "/files/a.mp3", "Range: bytes=100-299")
        assert (part.status, part.body) == (206, SOUND[100:300])
        assert part.header("content-range") == f"bytes 100-299/{len(SOUND)}"
        assert get(port, "/files/a.mp3", "Range: bytes=-7").body == SOUND[-7:]
        beyond = get(port, "/files/a.mp3", f"Range: bytes={len(SOUND)}-")
        assert (beyond.status, beyond.header("content-range")) == (416, f"bytes */{len(SOUND)}")

        told = raw(port, head("HEAD", "/files/a.mp3", f"127.0.0.1:{port}", "Connection: close"))
        assert (told.status, told.header("content-length"), told.body) == (200, "10240", b"")

        assert get(port, "/files/wave%201/%C3%BC.wav").body == SOUND


def test_only_sound_is_shown_in_a_page(root: Path) -> None:
    with serving_files(root) as port:
        page = get(port, "/files/page.html")

    assert page.status == 200
    assert page.header("content-type") == "application/octet-stream"
    assert page.header("content-disposition").startswith("attachment;")
    assert page.header("x-content-type-options") == "nosniff"


def test_no_path_leads_out_of_the_folder(root: Path, tmp_path: Path) -> None:
    outside = f"/files/{tmp_path}/secret"
    climbs = [
        "../secret",
        "wave%201/../../secret",
        "%2e%2e/secret",
        "%2e%2e%2fsecret",
        "..%2fsecret",
        "..%5csecret",
        "%252e%252e%252fsecret",
        "....//secret",
        "%c0%ae%c0%ae/secret",
        "..;/secret",
        "a.mp3%00.html",
        "%00",
        "",
        ".",
        "wave%201",
        "a.mp3/",
        "a.mp3/../../secret",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "../recordings-of-others/a.mp3",
    ]
    with serving_files(root) as port:
        for path in [
            *(f"/files/{climb}" for climb in climbs),
            outside,
            f"/files/%2f{tmp_path}/secret",
        ]:
            answer = get(port, path)
            assert answer.status in {400, 404} or answer.body == SOUND, path
            assert SECRET not in answer.body, path
            assert b"root:" not in answer.body, path


def test_links_pipes_and_folders_are_not_served(root: Path, tmp_path: Path) -> None:
    (root / "link.mp3").symlink_to(tmp_path / "secret")
    (root / "inner-link.mp3").symlink_to(root / "a.mp3")
    (root / "linked").symlink_to(tmp_path)
    (root / "dangling.mp3").symlink_to(tmp_path / "nothing")
    os.mkfifo(root / "pipe.mp3")
    with serving_files(root) as port:
        for path in ["link.mp3", "inner-link.mp3", "linked/secret", "dangling.mp3", "pipe.mp3"]:
            assert get(port, f"/files/{path}").status == 404, path


def test_a_folder_that_is_exchanged_for_a_link_leads_nowhere(root: Path, tmp_path: Path) -> None:
    (root / "wave 1" / "ü.wav").unlink()
    (root / "wave 1").rmdir()
    (root / "wave 1").symlink_to(tmp_path)

    with pytest.raises(FileNotFoundError):
        open_confined(Path("wave 1/secret"), [root])


def test_a_folder_itself_may_be_reached_by_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").symlink_to(root)

    with open_confined(tmp_path / "elsewhere" / "a.mp3", [tmp_path / "elsewhere"]) as file:
        assert file.read() == SOUND


def test_a_path_is_looked_for_below_each_of_the_folders(root: Path, tmp_path: Path) -> None:
    with open_confined(root / "a.mp3", [tmp_path / "nowhere", root]) as file:
        assert file.read() == SOUND
    for path in [tmp_path / "secret", root, root / ".." / "secret", Path("..") / "secret"]:
        with pytest.raises(FileNotFoundError):
            open_confined(path, [root])


@given(st.text())
@example('x"; filename="evil.exe')
@example("a\r\nSet-Cookie: x=1\r\n\r\n<script>")
@example("/etc/passwd")
@example("..\\..\\autoexec.bat")
@example("photo\u202egpj.exe")
@example("CON.txt")
@example("\u0000\ud800")
def test_no_name_leaves_its_header_or_its_folder(name: str) -> None:
    plain = safe_name(name)
    header = disposition(name)

    assert plain
    assert plain not in {".", ".."}
    assert len(plain) <= 120
    assert not set(plain) & set('/\\\r\n\0"<>:|?*\u202e')
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    assert header.startswith('attachment; filename="')
    assert safe_name(plain) == plain


def test_a_name_is_kept_where_it_is_harmless() -> None:
    assert safe_name("Termine Köln (März).xlsx") == "Termine Köln (März).xlsx"
    assert safe_name("C:\\Users\\ann\\calls.csv") == "calls.csv"
    assert safe_name("nul.csv") == "_nul.csv"
    assert safe_name("x" * 500 + ".xlsx").endswith("x.xlsx")
    assert disposition("März.csv").endswith("filename=\"M_rz.csv\"; filename*=UTF-8''M%C3%A4rz.csv")


def test_a_file_name_with_a_header_in_it_brings_no_header(root: Path) -> None:
    evil = "a\r\nSet-Cookie: evil=1\r\n.mp3"
    (root / evil).write_bytes(SOUND)
    with serving_files(root) as port:
        refused = get(port, "/files/a%0d%0aSet-Cookie:%20evil=1%0d%0a.mp3")
        assert (refused.status, refused.header("set-cookie")) == (400, "")
    assert "\n" not in disposition(evil)


@pytest.mark.parametrize(
    "name", ["contacts.CSV", "../../contacts.csv", "a/b\\contacts.csv", "x.csv "]
)
def test_an_upload_keeps_its_last_name_alone(name: str) -> None:
    assert upload_name(name, [".csv"]).lower() in {"contacts.csv", "x.csv"}


@pytest.mark.parametrize(
    "name", ["contacts.exe", "contacts.csv.exe", "contacts", "", ".csv", "x.csv\0.py"]
)
def test_an_upload_of_another_kind_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"only files that end in \.csv, \.xlsx are taken"):
        upload_name(name, [".csv", ".xlsx"])


def test_only_sounds_have_a_type() -> None:
    assert sound_type("x.MP3") == "audio/mpeg"
    assert [sound_type(name) for name in ["x.svg", "x.html", "mp3", "x.mp3.html"]] == [None] * 4
