"""Code hosts by name and by address."""

from urllib.parse import urljoin

from core.errors import Conflict, NotFound
from scm.port import CodeHost
from scm.values import ContentAddress

_hosts: dict[str, CodeHost] = {}


def register(code_host: CodeHost) -> None:
    """Make a host known under its name; Conflict when the name is taken."""
    if code_host.host in _hosts:
        raise Conflict(f"code host {code_host.host!r} is registered already; configure each host once")
    _hosts[code_host.host] = code_host


def hosts() -> dict[str, CodeHost]:
    """All hosts by name."""
    return dict(_hosts)


def host(name: str) -> CodeHost:
    """The host of that name, or NotFound with the names there are."""
    if name not in _hosts:
        known = ", ".join(sorted(_hosts)) or "none"
        raise NotFound(f"No code host {name!r} is configured; known hosts: {known}")
    return _hosts[name]


def host_for_url(url: str) -> tuple[CodeHost, ContentAddress] | None:
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
