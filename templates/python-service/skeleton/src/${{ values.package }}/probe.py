"""The container's health check: exit status 0 when /healthz answers. The image needs no curl for it."""

import sys
from http.client import HTTPConnection, HTTPException

from .settings import Settings


def healthy(port: int, timeout: float = 2.0) -> bool:
    """Does the server on this port answer /healthz with 200, in time?"""
    connection = HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if healthy(Settings.from_env().port) else 1)
