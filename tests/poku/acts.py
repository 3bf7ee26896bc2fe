"""Servers that misbehave, and answers in every form that a server may give them."""

import gzip
import zlib

import anyio

from tests.poku.poku_server import Act, Connection, http, replying

ENDED = b'{"response": "Confirmed.", "interactionId": "one"}'


async def _close_at_once(connection: Connection) -> None:
    connection.writer.close()


async def _close_after_reading(connection: Connection) -> None:
    await connection.request()


async def _reset_after_reading(connection: Connection) -> None:
    await connection.request()
    connection.reset()


async def _reset_in_the_answer(connection: Connection) -> None:
    await connection.request()
    await connection.send(http(200, ENDED)[:-5])
    await anyio.sleep(0.02)
    connection.reset()


BROKEN: dict[str, Act] = {
    "closed after accept": _close_at_once,
    "closed after the request was read": _close_after_reading,
    "reset after the request was read": _reset_after_reading,
    "reset in the answer": _reset_in_the_answer,
    "half a header": replying(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "half a status line": replying(b"HTT"),
    "half a body": replying(http(200, ENDED)[:-5]),
    "no body": replying(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"),
    "another protocol": replying(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "a line of garbage": replying(b"\x00\xff\x1b[2J" * 1000 + b"\r\n\r\n"),
    "endless headers": replying(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000),
    "a chunk cut short": replying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}"),
    "a chunk of no size": replying(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"
    ),
    "no last chunk": replying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"),
    "two lengths": replying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    "429 and half a body": replying(http(429, b"too many")[:-5]),
    "a bad place to go": replying(http(307, b"", "Location: http://[::1")),
}


async def _say_nothing(connection: Connection) -> None:
    await connection.request()
    await connection.until_closed()


def _dripping(start: bytes, drop: bytes) -> Act:
    async def act(connection: Connection) -> None:
        await connection.request()
        await connection.send(start)
        while True:
            await connection.send(drop)
            await anyio.sleep(0.02)

    return act


SLOW: dict[str, Act] = {
    "nothing": _say_nothing,
    "a header that trickles": _dripping(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "a body that trickles": _dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b" "),
    "chunks that trickle": _dripping(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"
    ),
    "promises for ever": _dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


FORMS: dict[str, bytes] = {
    "plain": http(200, ENDED),
    "201": http(201, ENDED),
    "HTTP/1.0 with a length": http(200, ENDED).replace(b"HTTP/1.1", b"HTTP/1.0"),
    "HTTP/1.0 until it closes": b"HTTP/1.0 200 OK\r\n\r\n" + ENDED,
    "HTTP/1.1 until it closes": b"HTTP/1.1 200 OK\r\n\r\n" + ENDED,
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"".join(b"1\r\n%c\r\n" % byte for byte in ENDED)
    + b"0\r\n\r\n",
    "100 Continue": b"HTTP/1.1 100 Continue\r\n\r\n" + http(200, ENDED),
    "early hints": b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 3 + http(200, ENDED),
    "no reason phrase": http(200, ENDED).replace(b" Whatever", b""),
    "another type": http(200, ENDED, "Content-Type: text/html; charset=latin-1"),
    "byte order mark": http(200, b"\xef\xbb\xbf" + ENDED),
    "UTF-16": http(200, ENDED.decode().encode("utf-16")),
    "gzip, not asked for": http(200, gzip.compress(ENDED), "Content-Encoding: gzip"),
    "deflate, not asked for": http(200, zlib.compress(ENDED), "Content-Encoding: deflate"),
    "said to be gzip": http(200, ENDED, "Content-Encoding: gzip"),
    "more after the end": http(200, ENDED) + b"HTTP/1.1 500 Oops\r\n\r\n",
}

UNREADABLE: dict[str, bytes] = {
    "empty": b"",
    "not JSON": b"<html>It works!</html>",
    "half": ENDED[:-1],
    "not UTF-8": b'{"response": "caf\xe9"}',
    "a list": b"[1, 2]",
    "a text": b'"Confirmed."',
    "null": b"null",
    "an empty object": b"{}",
    "deep": b"[" * 200_000,
    "deep objects": b'{"a":' * 100_000,
    "a number too long": b'{"response": ' + b"9" * 10_000 + b"}",
    "control characters": b'{"response": "\x1b[2J"}',
}
