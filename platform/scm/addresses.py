"""Web addresses of repositories and their files on GitHub and GitLab, written and read."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from core.errors import InputError
from scm.names import checked_path, checked_ref
from scm.values import ContentAddress, RepositoryName

_VIEWS = {"blob", "tree", "raw", "edit"}


@dataclass(frozen=True, slots=True)
class WebAddresses:
    """How a host writes addresses: `<base>/<owner>/<name><marker>/blob/<ref>/<path>`.

    `marker` is "" on GitHub and "/-" on GitLab, whose owners have parts. A '/' in a ref is written %2F, which both
    hosts understand, since `blob/a/b/c` does not tell where the branch ends; read back, the first segment is the ref.
    """

    base: str
    marker: str = ""

    def repository(self, name: RepositoryName) -> str:
        return f"{self.base}/{name}"

    def clone(self, name: RepositoryName) -> str:
        return f"{self.base}/{name}.git"

    def contents(self, name: RepositoryName, ref: str, path: str = "") -> str:
        """A file's page. For path "" the same form, as Backstage's `repoContentsUrl` has it; hosts lead on to the root."""
        return self._page("blob", name, ref, path)

    def folder(self, name: RepositoryName, ref: str, path: str) -> str:
        """A folder's page."""
        return self._page("tree", name, ref, path)

    def edit(self, name: RepositoryName, branch: str, path: str) -> str:
        """The page on which a file is edited."""
        return self._page("edit", name, branch, path)

    def _page(self, view: str, name: RepositoryName, ref: str, path: str) -> str:
        place = quote(checked_path("path", path, empty=True))
        address = f"{self.repository(name)}{self.marker}/{view}/{quote(checked_ref('branch', ref), safe='')}"
        return f"{address}/{place}" if place else address

    def resolve(self, url: str) -> ContentAddress | None:
        """What an address means; None for another host's or for a page that shows no files."""
        try:
            parts, base = urlsplit(url), urlsplit(self.base)
            here = (parts.scheme, parts.hostname, parts.port) == (base.scheme, base.hostname, base.port)
        except ValueError:  # not an address at all, so not ours
            return None
        if not here or not f"{parts.path}/".startswith(f"{base.path}/"):
            return None
        if parts.username is not None:
            raise InputError("url must not hold a credential; leave out what stands before '@'")
        whole = parts.path[len(base.path) :].strip("/")
        named, rest = self._split(whole)
        if len(named) < 2:
            return None
        name = RepositoryName("/".join(named[:-1]), named[-1].removesuffix(".git"))
        if not rest:
            return ContentAddress(name, "HEAD", "")
        if rest[0] not in _VIEWS or len(rest) == 1:
            return None
        path = checked_path("path", "/".join(rest[2:]), empty=True)
        return ContentAddress(name, checked_ref("ref", rest[1]), path)

    def _split(self, whole: str) -> tuple[list[str], list[str]]:
        """The segments that name the repository, and those after them."""
        if self.marker:
            named, _, rest = whole.partition(f"{self.marker}/")
            return _segments(named), _segments(rest)
        segments = _segments(whole)
        return segments[:2], segments[2:]


def _segments(path: str) -> list[str]:
    return [unquote(segment) for segment in path.split("/")] if path else []


def web_base(url: str) -> str:
    """The address of a host as somebody configured it, without what it does not need; InputError when it is none."""
    parts = urlsplit(url.strip().rstrip("/"))
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.username is not None
        or parts.query
        or not re.fullmatch(r"[A-Za-z0-9.\-:\[\]]+", parts.netloc)
    ):
        shown = url.rpartition("@")[2]  # somebody may have put a credential before it
        raise InputError(
            f"{shown!r} is not the address of a code host; write it like https://github.example.com"
        )
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path}"
