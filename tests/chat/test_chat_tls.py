"""A model behind TLS that breaks: a reading that failed, and no reason to stop calling.

The certificate is made by the openssl command, in a folder of the test's own.
"""

import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from poku_batch.ports import NotRead
from tests.chat.chat_readers import ENDED, reader_of
from tests.poku.poku_server import Connection, serving

pytestmark = pytest.mark.anyio


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate for 127.0.0.1, and its key, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command: install the package openssl")
    path = tmp_path / "both.pem"
    command = (
        f"{openssl} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
        f"-subj /CN=test -addext subjectAltName=IP:127.0.0.1 -keyout {path} -out {path}.crt"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


async def test_an_answer_that_tls_breaks_off_is_a_reading_that_failed(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut(connection: Connection) -> None:
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        # What follows the records that were well-formed is not one.
        raw = connection.writer.get_extra_info("socket")
        with socket.socket(fileno=socket.dup(raw.fileno())) as plain:
            plain.send(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        await connection.until_closed()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with serving(cut, tls=context) as server, reader_of(server.url, timeout_s=3.0) as reader:
        found = await reader.read(ENDED)
    assert isinstance(found, NotRead)
