"""``benchmarks.server`` in a process of its own, on loopback, plain or with TLS."""

import json
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

#: Commands of this folder are started here, where Python finds them.
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server that runs; ``authority`` is the PEM file of who signed its certificate, if any."""

    url: str
    authority: Path | None = None

    def stats(self) -> dict[str, Any]:
        """What the server has counted so far; see ``benchmarks.server``."""
        return self._ask("GET", "/stats")

    def reset(self) -> None:
        """Set the counts to nothing."""
        self._ask("POST", "/reset")

    def _ask(self, method: str, path: str) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 – an address of our own
            self.url + path, method=method
        )
        context = ssl.create_default_context(cafile=self.authority) if self.authority else None
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:  # noqa: S310
            return cast("dict[str, Any]", json.load(answer))


@contextmanager
def serving(*, tls_in: Path | None = None) -> Iterator[Served]:
    """Serve until the block ends; with certificates made for it where ``tls_in`` names a folder."""
    command = [sys.executable, "-m", "benchmarks.server"]
    authority = None
    if tls_in is not None:
        authority, certificate = _certificates(tls_in)
        command += ["--certificate", str(certificate)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            scheme = "https" if authority else "http"
            yield Served(url=f"{scheme}://127.0.0.1:{port}", authority=authority)
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _certificates(folder: Path) -> tuple[Path, Path]:
    """An authority's certificate, and one for loopback that it signed, with its key."""
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    leaf = authority.issue_cert("127.0.0.1", "localhost")
    leaf.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    return folder / "authority.pem", folder / "server.pem"
