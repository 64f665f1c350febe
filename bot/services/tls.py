"""One TLS context for all of a process's clients.

Each client would read the same certificates again, 20 to 600 ms with the event loop blocked, at
the very start of a call.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

    from openai import DefaultAsyncHttpxClient

CONNECTIONS_AT_MOST = 100


@cache
def tls_context() -> ssl.SSLContext:
    """The certificates that httpx trusts, `SSL_CERT_FILE` and `SSL_CERT_DIR` included."""
    try:
        from httpx2 import create_ssl_context  # What newer clients of OpenAI use.
    except ImportError:
        from httpx import create_ssl_context

    return create_ssl_context()


def http_client() -> DefaultAsyncHttpxClient:
    """For an OpenAI client; connections stay open between the turns of a call."""
    from openai import DefaultAsyncHttpxClient
    from pipecat.utils.http import connection_limits

    return DefaultAsyncHttpxClient(
        verify=tls_context(),
        limits=connection_limits(
            max_keepalive_connections=CONNECTIONS_AT_MOST,
            max_connections=10 * CONNECTIONS_AT_MOST,
            keepalive_expiry=None,
        ),
    )
