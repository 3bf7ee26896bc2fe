"""What a body is, by its first bytes and what its server calls it."""

import struct
from dataclasses import dataclass

#: So many first bytes tell what a file is.
HEAD = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A kind of recording; ``ending`` is that of its files."""

    name: str
    ending: str


_WAV = Sound(name="WAV", ending=".wav")
_MP3 = Sound(name="MP3", ending=".mp3")
_AAC = Sound(name="AAC", ending=".aac")

#: Bytes at a place that nothing else has there.
_MARKS: tuple[tuple[int, bytes, Sound], ...] = (
    (0, b"ID3", _MP3),
    (0, b"OggS", Sound(name="Ogg", ending=".ogg")),
    (0, b"fLaC", Sound(name="FLAC", ending=".flac")),
    (4, b"ftyp", Sound(name="MPEG-4", ending=".m4a")),
    (0, b"\x1aE\xdf\xa3", Sound(name="WebM", ending=".webm")),
    (0, b"#!AMR", Sound(name="AMR", ending=".amr")),
    (0, b".snd", Sound(name="Sun audio", ending=".au")),
)
_RIFF = (b"RIFF", b"RIFX", b"RF64")
#: A length that says nothing: written by whoever does not know it yet.
_UNTOLD = (0, 0xFFFFFFFF)

#: What servers call bodies that may be anything.
_ANYTHING = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/ogg"})


def sound_of(head: bytes) -> Sound | None:
    """What kind of recording begins so; None for what is none."""
    for at, mark, sound in _MARKS:
        if head[at:].startswith(mark):
            return sound
    if head[:4] in _RIFF and head[8:12] == b"WAVE":
        return _WAV
    if head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        return Sound(name="AIFF", ending=".aiff")
    return _mpeg(head)


def is_no_sound(media_type: str, head: bytes) -> str | None:
    """Why a body that is called so and begins so is no recording; None where it is one."""
    if media_type in {"text/html", "application/xhtml+xml"}:
        return "is a web page, not a recording"
    if media_type == "application/json" or media_type.endswith("+json"):
        return "is JSON, not a recording"
    if not head:
        return "is empty"
    if sound_of(head) is not None and _may_be_sound(media_type):
        return None
    begins = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if begins.startswith(b"<"):
        return "is a web page, not a recording"
    if begins.startswith((b"{", b"[")):
        return "is JSON, not a recording"
    if not _may_be_sound(media_type):
        return "is called something else than a recording by its server"
    return "does not begin as a recording does"


def is_cut_short(head: bytes, size: int) -> bool:
    """Whether a WAV file says that it is longer than ``size`` bytes."""
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return False
    (told,) = struct.unpack_from("<I", head, 4)
    return told not in _UNTOLD and size < told + 8


def _may_be_sound(media_type: str) -> bool:
    return media_type in _ANYTHING or media_type.partition("/")[0] in {"audio", "video"}


def _mpeg(head: bytes) -> Sound | None:
    """MPEG audio by its frame's header: eleven ones, then a layer, a rate and a frequency.

    Source: ISO/IEC 11172-3, 2.4.1.3; ISO/IEC 13818-7, 6.2 (ADTS, whose layer is 0).
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:
        return _AAC
    version, layer = (head[1] >> 3) & 3, (head[1] >> 1) & 3
    rate, frequency = head[2] >> 4, (head[2] >> 2) & 3
    return _MP3 if version != 1 and layer and rate != 15 and frequency != 3 else None
