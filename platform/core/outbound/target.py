"""Where an address on the web really leads: scheme, host and port, in one spelling, or the reason why it is refused."""

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import idna

from ..errors import InputError
from .addresses import literal

LONGEST = 4_000
"""Characters of an address."""
_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)")
_UNSEEN = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True, slots=True)
class Target:
    """An address, taken apart and put together again, so that nobody behind us reads it differently."""

    scheme: str
    host: str
    port: int
    rest: str

    @property
    def url(self) -> str:
        """The address as it is asked for: canonical host, no user, no fragment."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.rest or '/'}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """What decides whether credentials may go along."""
        return self.scheme, self.host, self.port

    def joined(self, location: str) -> str:
        """Where a redirect to `location` leads."""
        try:
            return urljoin(self.url, location)
        except ValueError as error:
            raise InputError(f"{self.url} redirects to what is no address: {location[:200]!r}") from error

    @classmethod
    def parse(cls, url: str) -> "Target":
        """InputError names what is wrong with the address."""
        if len(url) > LONGEST:
            raise InputError(f"an address has {LONGEST} characters at the most, this one {len(url)}")
        if _UNSEEN.search(url):
            raise InputError(f"{url!r} is no address: it holds a blank, a backslash or a control character")
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise InputError(f"{url!r} is no address: {error}") from error
        scheme = parts.scheme.lower()
        if scheme not in _PORTS:
            raise InputError(f"{url!r} is no web address: it must begin with http:// or https://")
        if "@" in parts.netloc:
            raise InputError(f"{scheme}://…@{host} has a user name in it, which is not sent: leave it out")
        if port == 0:
            raise InputError(f"{url!r} is no address: there is no port 0")
        rest = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(scheme, _canonical(host, url), port or _PORTS[scheme], rest)


def _canonical(host: str, url: str) -> str:
    """A name in lower-case ASCII, or an address in its usual spelling."""
    if "%" in host:
        raise InputError(
            f"{url!r} is no address: the host holds a '%'; zones of IPv6 addresses are not taken"
        )
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError as error:
            raise InputError(f"{url!r} is no address: {error}") from error
    host = host.lower().removesuffix(".")
    if (address := literal(host)) is not None:
        return str(address)
    if not _NAME.fullmatch(host) or len(host) > 253:
        raise InputError(f"{url!r} is no address: {host[:260]!r} is no host name")
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        raise InputError(f"{url!r}: write an IPv4 address as four decimal numbers, as in 192.0.2.1")
    return host
