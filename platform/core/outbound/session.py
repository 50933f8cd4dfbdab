"""A `requests` session whose connections go only where they may: resolved, checked and made in one step.

The name is looked up once for a connection, every address it has is checked, and the connection is made to one of
those very addresses: there is no second lookup that could answer differently. TLS still asks for, and checks, the name.
Nothing is taken from the environment, no cookie is kept, and no redirect is followed (`asking` does that, hop by hop).
"""

import http.client
import io
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from http.cookiejar import DefaultCookiePolicy
from ipaddress import ip_address
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util import Retry

from ..errors import AddressRefused, Unavailable
from .addresses import block_of
from .allowed import Allowed

CONNECT, SILENCE = 5.0, 15.0
"""Seconds for a connection, and between two pieces of an answer."""
_MOST_ADDRESSES = 16
_POOLS, _KEPT = 32, 8
_AGAIN = Retry(total=1, redirect=False, status=False, other=False, allowed_methods={"GET", "HEAD"})
"""A kept connection may have died meanwhile: what is safe to repeat is asked once more."""

log = logging.getLogger(__name__)
_deadline: ContextVar[float] = ContextVar("outbound_deadline")


@contextmanager
def finished_by(deadline: float) -> Iterator[None]:
    """Requests inside end at that moment of `time.monotonic()`, however slowly the other side drips."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


class Session(requests.Session):
    """A session that leaves redirects alone: to look at one, `requests` would read its whole body."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        return None


class Guarded(HTTPAdapter):
    """Sends requests over guarded connections."""

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        super().__init__(pool_connections=_POOLS, pool_maxsize=_KEPT, max_retries=_AGAIN)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:
        self.poolmanager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {
            "http": partial(_Pool, allowed=self._allowed),
            "https": partial(_TlsPool, allowed=self._allowed),
        }


def session(allowed: Allowed) -> Session:
    """A session that reaches what is allowed and nothing else. Raises AddressRefused and Unavailable."""
    made = Session()
    made.trust_env = False
    made.headers.clear()
    made.headers.update({"User-Agent": "Greenroom", "Accept": "*/*", "Accept-Encoding": "identity"})
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        made.mount(scheme, Guarded(allowed))
    return made


def connect(host: str, port: int, allowed: Allowed, timeout: float) -> socket.socket:
    """A connection to one of the host's addresses, when all of them may be reached."""
    allowed.check(host, port)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unavailable(f"the host {host} is not known ({getattr(error, 'strerror', error)})") from error
    for *_, place in found:
        address = ip_address(str(place[0]).partition("%")[0])
        if not allowed.reaches(address, port):
            block = block_of(address)
            kind = block.kind if block else "public"
            log.warning("connection refused", extra={"host": host, "address": str(address), "kind": kind})
            raise AddressRefused(
                f"{host} leads to a {kind} address, which must be on the list itself, as 10.1.2.3 or 10.1.0.0/16",
                inner=True,
            )
    return _first_that_answers(host, found[:_MOST_ADDRESSES], timeout)


def _first_that_answers(host: str, found: list[Any], timeout: float) -> socket.socket:
    last: OSError | None = None
    for family, kind, protocol, _, place in found:
        made = socket.socket(family, kind, protocol)
        try:
            made.settimeout(min(timeout, _left()))
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made.connect(place)
        except OSError as error:
            made.close()
            last = error
        else:
            return made
    raise last or OSError(f"{host} has no address")


def _left() -> float:
    left = _deadline.get(time.monotonic() + SILENCE) - time.monotonic()
    if left <= 0:
        raise TimeoutError("the time for this request is over")
    return left


class _InTime(io.RawIOBase):
    """What a socket receives, until the deadline: a timeout of a socket alone begins anew with each byte."""

    def __init__(self, received: io.RawIOBase, connection: socket.socket) -> None:
        self._received, self._connection = received, connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._connection.settimeout(min(SILENCE, _left()))
        return self._received.readinto(buffer)

    def close(self) -> None:
        self._received.close()
        super().close()


class _Received(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_InTime(self.fp.detach(), sock))


class _Connection(HTTPConnection):
    response_class = _Received

    def __init__(self, *args: Any, allowed: Allowed, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._allowed = allowed

    def _new_conn(self) -> socket.socket:
        return connect(self.host, int(self.port or 80), self._allowed, CONNECT)


class _TlsConnection(HTTPSConnection):
    response_class = _Received

    def __init__(self, *args: Any, allowed: Allowed, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._allowed = allowed

    def _new_conn(self) -> socket.socket:
        return connect(self.host, int(self.port or 443), self._allowed, CONNECT)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection

    def __init__(self, *args: Any, allowed: Allowed, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn_kw["allowed"] = allowed


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection

    def __init__(self, *args: Any, allowed: Allowed, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn_kw["allowed"] = allowed
