"""Certificates that the openssl command makes, in a folder of the tests' own."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest


def _openssl(folder: Path, *arguments: str) -> None:
    command = shutil.which("openssl")
    if command is None:
        pytest.skip("needs the openssl command: install the package openssl")
    subprocess.run([command, *arguments], cwd=folder, check=True, capture_output=True)


def make(folder: Path, name: str, host: str, days: int) -> None:
    """A key and a self-signed certificate for a host, in ``name.key`` and ``name.pem``."""
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    request = (f"{name}.csr", f"{name}.key", f"{name}.ext", f"{name}.pem")
    (folder / request[2]).write_text(f"subjectAltName=IP:{host}\n")
    _openssl(folder, "req", *curve, "-subj", "/CN=test", "-out", request[0], "-keyout", request[1])
    _openssl(
        folder,
        *("x509", "-req", "-in", request[0], "-signkey", request[1], "-days", str(days)),
        *("-extfile", request[2], "-out", request[3]),
    )


def tls_of(folder: Path, name: str) -> ssl.SSLContext:
    """What a server needs to show a certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context
