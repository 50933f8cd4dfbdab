"""Code hosts by name and by address."""

from urllib.parse import urljoin

from core.errors import Conflict, NotFound, NotImplementedHere
from scm.connections import Connection
from scm.port import CodeHost, Connected, Reading
from scm.values import ContentAddress

_hosts: dict[str, Reading] = {}


def register(code_host: Reading) -> None:
    """Make a host known under its name; Conflict when the name is taken."""
    if code_host.host in _hosts:
        raise Conflict(f"code host {code_host.host!r} is registered already; configure each host once")
    _hosts[code_host.host] = code_host


def forget(name: str) -> None:
    """Take a host out again, for who registered it only for a while."""
    _hosts.pop(name, None)


def hosts() -> dict[str, Reading]:
    """All hosts by name."""
    return dict(_hosts)


def host(name: str) -> Reading:
    """The host of that name, or NotFound with the names there are."""
    if name not in _hosts:
        known = ", ".join(sorted(_hosts)) or "none"
        raise NotFound(f"No code host {name!r} is configured; known hosts: {known}")
    return _hosts[name]


def connection(name: str) -> Connection | None:
    """How a host outside of Greenroom is reached; None for the local one and for unknown ones."""
    found: object = _hosts.get(name)
    return found.connection if isinstance(found, Connected) else None


def publishing_host(name: str) -> CodeHost:
    """The host of that name, to write to it; NotImplementedHere when it can only be read so far."""
    found = host(name)
    if not isinstance(found, CodeHost):
        raise NotImplementedHere(f"Code host {name!r} can be read, not written; publish to another host")
    return found


def host_for_url(url: str) -> tuple[Reading, ContentAddress] | None:
    """The host that an address belongs to, with the place it means there; None for a foreign address."""
    for code_host in _hosts.values():
        address = code_host.resolve(url)
        if address is not None:
            return code_host, address
    return None


def resolve_url(target: str, base: str) -> str:
    """`target` as seen from the file at `base`: "/x" starts at the repository's root; "./x" beside it."""
    found = host_for_url(base) if target.startswith("/") else None
    if found is None:
        return urljoin(base, target)
    code_host, address = found
    return code_host.contents_url(address.repository, address.ref, target.lstrip("/"))
