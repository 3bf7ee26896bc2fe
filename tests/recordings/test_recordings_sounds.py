"""What a body is: by its bytes first, and by what its server calls it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.recordings.sounds import HEAD, is_cut_short, is_no_sound, sound_of
from tests.recordings.recordings_world import wav

KINDS = {
    b"RIFF\x24\x08\x00\x00WAVEfmt ": ".wav",
    b"RF64\xff\xff\xff\xffWAVEds64": ".wav",
    b"ID3\x04\x00\x00\x00\x00\x00\x23": ".mp3",
    b"\xff\xfb\x90\x64\x00\x00": ".mp3",
    b"\xff\xf3\x40\xc4\x00\x00": ".mp3",
    b"\xff\xf1\x50\x80\x00\x1f": ".aac",
    b"OggS\x00\x02\x00\x00": ".ogg",
    b"fLaC\x00\x00\x00\x22": ".flac",
    b"\x00\x00\x00\x20ftypM4A ": ".m4a",
    b"\x1aE\xdf\xa3\x9fB\x86\x81": ".webm",
    b"#!AMR\n": ".amr",
    b".snd\x00\x00\x00\x18": ".au",
    b"FORM\x00\x00\x00\x00AIFFCOMM": ".aiff",
}


@pytest.mark.parametrize("head", KINDS)
def test_a_recording_is_known_by_its_first_bytes(head: bytes) -> None:
    sound = sound_of(head)
    assert sound is not None
    assert sound.ending == KINDS[head]
    for media_type in ("audio/wav", "audio/mpeg", "video/webm", "application/octet-stream", ""):
        assert is_no_sound(media_type, head) is None


@pytest.mark.parametrize(
    ("media_type", "head", "why"),
    [
        ("text/html", b"RIFF\x24\x08\x00\x00WAVEfmt ", "is a web page, not a recording"),
        ("audio/wav", b"<!DOCTYPE html>", "is a web page, not a recording"),
        ("audio/wav", b"\xef\xbb\xbf \n<?xml ver", "is a web page, not a recording"),
        ("application/json", b"RIFF\x24\x08\x00\x00WAVEfmt ", "is JSON, not a recording"),
        ("application/problem+json", b"{}", "is JSON, not a recording"),
        ("", b'{"error": "gone"}', "is JSON, not a recording"),
        ("audio/wav", b"", "is empty"),
        ("text/plain", b"ID3\x04", "is called something else than a recording by its server"),
        ("audio/wav", b"not found", "does not begin as a recording does"),
        ("audio/wav", b"RIFF\x24\x08\x00\x00AVI LIST", "does not begin as a recording does"),
        ("audio/mpeg", b"\xff\xff\xff\xff", "does not begin as a recording does"),
        ("application/octet-stream", b"MZ\x90\x00", "does not begin as a recording does"),
    ],
)
def test_anything_else_is_refused_with_the_reason(media_type: str, head: bytes, why: str) -> None:
    assert is_no_sound(media_type, head) == why


@given(st.binary(max_size=HEAD))
def test_any_bytes_are_judged(head: bytes) -> None:
    assert (is_no_sound("", head) is None) == (sound_of(head) is not None)


def test_a_wav_says_how_long_it_is() -> None:
    whole = wav(1_000)
    assert not is_cut_short(whole[:HEAD], 1_000)
    assert is_cut_short(whole[:HEAD], 999)
    for told in (b"\x00\x00\x00\x00", b"\xff\xff\xff\xff"):
        assert not is_cut_short(b"RIFF" + told + b"WAVEfmt ", 50)
    assert not is_cut_short(b"OggS" + b"\x00" * 12, 10)
