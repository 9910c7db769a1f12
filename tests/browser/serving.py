"""The application on loopback, with API keys or without."""

import contextlib
import logging
import threading
from collections.abc import Iterator

from werkzeug.serving import make_server

from app.app import create_app
from app.settings import Settings

KEY = "only-for-these-tests"


@contextlib.contextmanager
def serve(config: Settings) -> Iterator[str]:
    """Serve the application and yield its address."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, create_app(config), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
