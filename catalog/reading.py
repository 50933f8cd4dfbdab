"""Reading what a location names: through code hosts, from configured folders, or from web servers we may ask.

Nothing else is read: a `file:` path must lie in the folder of a configured location, a web address must
belong to a code host or to `GREENROOM_READING_ALLOW` (`core.outbound`), and each hop of a redirect is asked the same.
"""

import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from wcmatch import glob
from wcmatch._wcparse import PatternLimitException

from catalog.discovery import snapshots
from catalog.refs import LocationRef
from core.errors import AddressRefused, ExternalError, InputError, NotAllowed, NotFound, TooLarge, Unavailable
from core.names import Confined
from core.outbound.allowed import Allowed
from core.outbound.asking import ask, too_large
from scm.port import ActingAs, Pages, Reading
from scm.registry import host_for_url, resolve_url

LIMIT = 10 * 1024 * 1024
"""Bytes of one file."""
MOST_MATCHES = 5_000
"""Files that one wildcard may stand for."""
LONGEST_READ = 30.0
"""Seconds for one file, redirects included."""
_TICK = 2_000_000_000
"""Nanoseconds after which a file system gives another time to another writing."""
_MAGIC = re.compile(r"[*?\[\]{}]")
_COMMIT = re.compile(r"\b[0-9a-f]{40,}\b")
_SOURCE, _EDIT = "backstage.io/source-location", "backstage.io/edit-url"
_GLOB = glob.GLOBSTAR | glob.BRACE
_ONLY_FROM: ContextVar[Path | None] = ContextVar("only_from", default=None)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file's bytes, and the tag by which its server knows whether they changed."""

    content: bytes
    etag: str = ""


def resolve(target: str, base: LocationRef) -> LocationRef:
    """A target as the file at `base` means it: relative ones lie beside it, a scheme of its own wins."""
    if base.type == "url" or re.match(r"^https?://", target):
        target = target.partition("#")[0]  # a place in a file makes no other file
    if re.match(r"^https?://", target):
        return LocationRef("url", target)
    if target.startswith("file:"):
        return LocationRef("file", target.removeprefix("file:").removeprefix("//"))
    if base.type == "file":
        return LocationRef("file", str(Path(base.target).parent / target))
    return LocationRef(base.type, resolve_url(target, base.target))


def read_url(url: str, *, token: str = "") -> bytes:
    """The bytes of the file that `https://…` or `file:/…` names. NotFound, NotAllowed, TooLarge ….

    `token`: a person's own, for the code host that the address is on; it goes nowhere else.
    """
    fetched = fetch(resolve(url, LocationRef("url", url)), token=token)
    if fetched is None:
        raise ExternalError(f"{url} was answered as unchanged, though nobody asked; try again")
    return fetched.content


def fetch(
    location: LocationRef, *, etag: str = "", allow_files: bool = True, token: str = ""
) -> Fetched | None:
    """A file's bytes, or None when its server says that nothing changed since `etag`."""
    if location.type == "file":
        return _file(_local(location.target, allow_files=allow_files), etag)
    if location.type == snapshots.TYPE:
        told = snapshots.read(location.target, etag)
        return Fetched(*told) if told else None
    if location.type != "url":
        raise InputError(f"Cannot read a location of type {location.type!r}; there are 'url' and 'file'")
    found = host_for_url(location.target)
    if found is None:
        return _web(location.target, etag)
    host, address = found
    file = _acting(host, token).fetch_file(address.repository, address.ref, address.path, etag=etag)
    if file is not None and len(file.content) > LIMIT:
        raise too_large(location.target, LIMIT)
    return None if file is None else Fetched(file.content, file.etag)


def expand(location: LocationRef, *, allow_files: bool = True) -> list[LocationRef]:
    """The files that a target with wildcards stands for; the target itself when it has none."""
    try:
        found = _expanded(location, allow_files=allow_files)
    except PatternLimitException as error:
        raise TooLarge(f"{location} has more than {MOST_MATCHES} alternatives: make it narrower") from error
    if len(found) > MOST_MATCHES:
        raise TooLarge(
            f"{location} stands for {len(found)} files, {MOST_MATCHES} at the most: make it narrower"
        )
    return found


def _expanded(location: LocationRef, *, allow_files: bool) -> list[LocationRef]:
    if location.type == "file":
        path = Path(location.target).absolute()
        if not _MAGIC.search(location.target):
            return [LocationRef("file", str(path))]
        root, pattern = _static_part(path)
        if not allow_files:
            raise _file_refused(location.target)
        _local(str(root), allow_files=True)
        matches = sorted(glob.iglob(pattern, root_dir=str(root), flags=_GLOB, limit=MOST_MATCHES))
        return [LocationRef("file", str(root / match)) for match in matches]
    if location.type == snapshots.TYPE and "#" not in location.target:
        return [LocationRef(snapshots.TYPE, part) for part in snapshots.parts(location.target)]
    if location.type == "url" and _MAGIC.search(urlsplit(location.target).path):
        return _expand_url(location.target)
    return [location]


def read_tree(url: str, into: Path, *, token: str = "") -> None:
    """Copy the folder that an address on a code host or `file:/…` names into an absent or empty folder.

    `token`: as in `read_url`.
    """
    location = resolve(url, LocationRef("url", url))
    if location.type == "file":
        source = _local(location.target, allow_files=True)
        if not source.is_dir():
            raise NotFound(f"could not read {url}, there is no such folder")
        _copy_tree(source, into)
        return
    found = host_for_url(location.target)
    if found is None:
        hint = "a folder can be read from a configured code host or a configured file location"
        raise NotAllowed(f"Reading the folder '{url}' is not allowed; {hint}")
    host, address = found
    _acting(host, token).export_tree(address.repository, address.ref, address.path, into)


def _copy_tree(source: Path, into: Path) -> None:
    """Copy a folder of this machine. What is neither file, folder nor link is refused: a pipe would be waited for."""
    within = Confined(source)
    for path in source.rglob("*"):
        name = str(path.relative_to(source))
        within(name)
        mode = path.lstat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)):
            raise InputError(
                f"could not read {name!r}, it is neither a file, a folder nor a link: take it out"
            )
    try:
        shutil.copytree(source, into, symlinks=True, dirs_exist_ok=True, copy_function=shutil.copy)
    except (OSError, shutil.Error) as error:
        raise Unavailable(
            f"could not read the folder {source.name!r}, it changes meanwhile: try again"
        ) from error


def _acting(host: Reading, token: str) -> Reading:
    """The host, asked with a person's token when there is one and the host knows tokens."""
    return host.acting_with(token) if token and isinstance(host, ActingAs) else host


def host_annotations(location: LocationRef) -> dict[str, str]:
    """What the code host adds to an entity read from this file: where its source lies, and where to edit it."""
    found = host_for_url(location.target) if location.type == "url" else None
    if found is None:
        return {}
    host, address = found
    folder = address.path.rpartition("/")[0]
    if not isinstance(host, Pages):
        source = host.contents_url(address.repository, address.ref, folder).rstrip("/")
        return {_SOURCE: f"url:{source}/"}
    annotations = {_SOURCE: f"url:{host.folder_url(address.repository, address.ref, folder)}/"}
    if not _COMMIT.search(location.target):  # what is of one commit stays as it is
        annotations[_EDIT] = host.edit_url(address.repository, address.ref, address.path)
    return annotations


@contextmanager
def files_only_from(folder: Path) -> Iterator[None]:
    """During the block `file:` paths are read from this folder and from no other, configured ones included.

    For templates that are tried out before they are anywhere: what lies beside them is theirs, nothing else is.
    """
    token = _ONLY_FROM.set(folder.absolute())
    try:
        yield
    finally:
        _ONLY_FROM.reset(token)


def file_roots() -> list[Path]:
    """The folders that may be read from: those of the configured file locations."""
    if (only := _ONLY_FROM.get()) is not None:
        return [only]
    roots = []
    for text in settings.GREENROOM_CATALOG_LOCATIONS:
        location = LocationRef.parse(text)
        if location.type == "file":
            roots.append(_static_part(Path(location.target).absolute())[0])
    return roots


def _static_part(path: Path) -> tuple[Path, str]:
    """The folder before the first wildcard, and the rest; a plain file's own folder and name."""
    parts = path.parts
    fixed = next((index for index, part in enumerate(parts) if _MAGIC.search(part)), len(parts) - 1)
    return Path(*parts[:fixed]), "/".join(parts[fixed:])


def _local(target: str, *, allow_files: bool) -> Path:
    if not allow_files:
        raise _file_refused(target)
    try:
        path = Path(target).absolute().resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"could not read {target!r}, {error}") from error
    if not any(path.is_relative_to(root.resolve()) for root in file_roots()):
        raise _file_refused(target)
    return path


def _file_refused(target: str) -> NotAllowed:
    hint = "Files are read only from the folders of locations in GREENROOM_CATALOG_LOCATIONS"
    return NotAllowed(f"Reading from 'file:{target}' is not allowed. {hint}")


def _file(path: Path, etag: str) -> Fetched | None:
    """A file, or None when its time, size and inode are those of `etag`.

    A file that was written a moment ago gets no tag: it may be written again within the same tick of its clock.
    """
    try:
        if etag and etag == _tag(path.stat()):
            return None
        # links were followed when the path was looked at, and a pipe must not be waited for
        with open(path, "rb", opener=_without_waiting) as file:
            before = os.fstat(file.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise InputError(f"could not read {path}, it is no file")
            content = file.read(LIMIT + 1)
            changed = _tag(os.fstat(file.fileno())) != _tag(before)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"could not read {path}, there is no such file") from error
    except OSError as error:
        raise Unavailable(f"could not read {path}, {error.strerror}") from error
    if len(content) > LIMIT:
        raise too_large(str(path), LIMIT)
    if changed:
        raise Unavailable(f"could not read {path}, it is being written: it is read again later")
    is_settled = time.time_ns() - before.st_mtime_ns > _TICK
    return Fetched(content, _tag(before) if is_settled else "")


def _tag(found: os.stat_result) -> str:
    return f"{found.st_mtime_ns}-{found.st_size}-{found.st_ino}"


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _expand_url(url: str) -> list[LocationRef]:
    found = host_for_url(url)
    if found is None:
        raise InputError("Unsupported search pattern URL")
    host, address = found
    files = host.list_files(address.repository, address.ref)
    paths = [path for path in files if glob.globmatch(path, address.path, flags=_GLOB)]
    return [
        LocationRef("url", host.contents_url(address.repository, address.ref, path)) for path in sorted(paths)
    ]


def _web(url: str, etag: str) -> Fetched | None:
    """A file of a web server that is on the list."""
    allowed = Allowed.of(settings.GREENROOM_READING_ALLOW)
    headers = {"If-None-Match": etag} if etag else {}
    try:
        answer = ask("GET", url, allowed=allowed, limit=LIMIT, headers=headers, seconds=LONGEST_READ)
    except AddressRefused as refused:
        hint = (
            "You may need to configure an integration for the target host, "
            "or add it to the configured list of allowed hosts at 'backend.reading.allow'"
        )
        said = f"{refused.reason} in GREENROOM_READING_ALLOW" if refused.inner else hint
        raise NotAllowed(f"Reading from '{refused.url}' is not allowed. {said}") from refused
    if answer.status == 304:
        return None
    said = f"could not read {url}, {answer.status} {answer.reason}"
    if answer.status in {404, 410}:
        raise NotFound(said)
    if answer.status != 200:
        raise Unavailable(said) if answer.status >= 500 else ExternalError(said)
    return Fetched(answer.content, answer.headers.get("ETag", ""))
