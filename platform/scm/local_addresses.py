"""Web addresses of the local host: made, and read back."""

import ipaddress
from urllib.parse import SplitResult, quote, unquote, urlsplit

from django.conf import settings

from core.errors import InputError
from scm.names import checked_path, checked_ref
from scm.values import ContentAddress, RepositoryName

_MOUNT = "/git/"


def repository(name: RepositoryName) -> str:
    """Where a repository is looked at."""
    return f"{_base()}{_MOUNT}{name}"


def contents(name: RepositoryName, branch: str, path: str) -> str:
    """`<web>/blob/<branch>/<path>`; a '/' in the branch is written %2F, so that it can be read back."""
    place = checked_path("path", path, empty=True)
    address = f"{repository(name)}/blob/{quote(checked_ref('branch', branch), safe='')}"
    return f"{address}/{quote(place)}" if place else address


def resolve(url: str) -> ContentAddress | None:
    """Any loopback address and our own, below /git/; a hostile name in one is an InputError."""
    parts = _ours(url)
    if parts is None:
        return None
    prefix = urlsplit(_base()).path + _MOUNT
    start = prefix if parts.path.startswith(prefix) else _MOUNT
    segments = [unquote(segment) for segment in parts.path.removeprefix(start).rstrip("/").split("/")]
    if not parts.path.startswith(start) or len(segments) < 2:
        return None
    owner, last, *rest = segments
    name = RepositoryName(owner, last.removesuffix(".git"))
    if not rest:
        return ContentAddress(name, "HEAD", "")
    if rest[0] not in {"blob", "tree"} or len(rest) == 1:
        return None
    path = checked_path("path", "/".join(rest[2:]), empty=True)
    return ContentAddress(name, checked_ref("ref", rest[1]), path)


def _base() -> str:
    return str(settings.GREENROOM_BASE_URL).rstrip("/")


def _ours(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # not an address at all, so not ours
        return None
    base = urlsplit(_base())
    here = _loopback(host) or (host, port) == (base.hostname, base.port)
    if parts.scheme not in {"http", "https"} or not here:
        return None
    if parts.username is not None:
        raise InputError("url must not hold a credential; leave out what stands before '@'")
    return parts


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:  # a name
        return False
