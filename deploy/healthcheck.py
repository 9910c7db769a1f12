"""Exit with 0 if the server of this container answers, wherever its settings let it listen."""

import ssl
import sys
from urllib.error import URLError
from urllib.request import HTTPSHandler, ProxyHandler, build_opener

from app.settings import current_or_exit

SECONDS = 4
ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - a server listens there


def check() -> None:
    """Ask for /livez.

    Raises
    ------
    OSError
        If nobody answers, or not with 200.
    """
    config = current_or_exit()
    host = ANY_ADDRESS.get(config.host, config.host)
    if ":" in host:
        host = f"[{host}]"
    scheme = "https" if config.tls_key_file else "http"
    url = f"{scheme}://{host}:{config.port}/livez"
    # Its certificate names the host that clients use, which is not this one.
    context = ssl._create_unverified_context()  # noqa: S323
    opener = build_opener(
        ProxyHandler({}), HTTPSHandler(context=context)
    )  # HTTP_PROXY is not for us
    try:
        opener.open(url, timeout=SECONDS).close()
    except OSError as error:
        # It has no client's certificate, but a server that asks for one runs.
        cause = error.reason if isinstance(error, URLError) else error
        asked = isinstance(cause, ssl.SSLError) and "ALERT" in str(cause.reason)
        if not (config.tls_client_ca_file and asked):
            raise


if __name__ == "__main__":
    try:
        check()
    except OSError as error:
        sys.exit(f"Error: the server does not answer: {error}.")
