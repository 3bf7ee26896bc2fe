"""Whether a connection failed because whoever answered cannot prove to be who was meant.

Waiting does not mend that, unlike an outage: a wrong certificate, a wrong port, a wrong clock.
"""

import ssl

#: The other side went away in the middle of the handshake, as servers do that start or stop.
_WENT_AWAY = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)


def tls_fault(error: BaseException, *, who: str = "the API") -> str | None:
    """Say what is wrong with the other side's TLS; None where ``error`` has another cause."""
    cause: BaseException | None = error
    # Causes alone: what was handled meanwhile, such as a read that had to wait, says nothing.
    while cause is not None:
        match cause:
            case ssl.SSLCertVerificationError():
                return (
                    f"{who}'s certificate is not trusted, so nothing was sent: "
                    f"{cause.verify_message or cause.reason}. Look at the address, at this "
                    "machine's clock and its certificates (SSL_CERT_FILE)"
                )
            case ssl.SSLError() if not isinstance(cause, _WENT_AWAY):
                return (
                    f"no secure connection to {who}, so nothing was sent: "
                    f"{cause.reason or type(cause).__name__}. Look at the address and its port"
                )
        cause = cause.__cause__
    return None
