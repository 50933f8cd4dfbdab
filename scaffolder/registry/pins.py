"""Where the files of one version of a template are read: at its commit, or in the copy that was kept of it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import GreenroomError
from scaffolder.registry import copies
from scaffolder.template import base_url
from scm.port import History, Reading
from scm.registry import host_for_url
from scm.values import ContentAddress

FILE = "file://"
_COMMIT_LENGTHS = (40, 64)


@dataclass(frozen=True, slots=True)
class Pin:
    """What fixes the files of a version. `commit` is a commit on the code host, or the digest of a kept copy.

    When nothing can fix them `commit` is "", and `reason` says why.
    """

    source: str
    commit: str = ""
    reason: str = ""


def pin(entity: Mapping[str, Any]) -> Pin:
    """Ask the code host, or look at the folder, what a template's files are now. Never raises for a host that is away."""
    source = base_url(entity)
    try:
        if source.startswith(FILE):
            return Pin(source, copies.keep(_folder(source)))
        found = host_for_url(source)
        if found is None:
            return Pin(source, reason="it does not lie on a code host")
        return Pin(source, _head(*found))
    except GreenroomError as error:
        return Pin(source, reason=error.message)


def pinned_base(source: str, commit: str) -> str:
    """The address that relative ones of a version start from; `source` itself where nothing is fixed."""
    if not commit or source.startswith(FILE):
        return source
    found = host_for_url(source)
    if found is None:
        return source
    code_host, address = found
    fixed = code_host.contents_url(address.repository, commit, address.path)
    return f"{fixed}/" if source.endswith("/") else fixed


def folder_url(fixed: Pin) -> str | None:
    """The address of the folder with the template, at its commit; None when it lies on no code host."""
    found = host_for_url(fixed.source)
    if found is None:
        return None
    code_host, address = found
    inside = address.path if fixed.source.endswith("/") else address.path.rpartition("/")[0]
    return code_host.contents_url(address.repository, fixed.commit, inside)


def kept_place(source: str, commit: str, target: str) -> Path | None:
    """Where the copy of a version has the file or folder `target` of this machine; None when it has none of it."""
    if not commit or not source.startswith(FILE):
        return None
    folder, wanted = _folder(source), Path(os.path.normpath(Path(target).absolute()))
    copy = copies.copy_of(commit)
    if not wanted.is_relative_to(folder) or not copy.is_dir():
        return None
    return copy / wanted.relative_to(folder)


def _folder(source: str) -> Path:
    place = Path(source.removeprefix(FILE)).absolute()
    return place if source.endswith("/") else place.parent


def _head(code_host: Reading, address: ContentAddress) -> str:
    """The commit that the address' branch points to now."""
    ref = address.ref
    if len(ref) in _COMMIT_LENGTHS and set(ref) <= set("0123456789abcdef"):
        return ref
    if isinstance(code_host, History):
        return next(commit.sha for commit in code_host.commits(address.repository, ref, limit=1))
    if ref == "HEAD":
        ref = code_host.get_repository(address.repository).default_branch
    heads = {branch.name: branch.sha for branch in code_host.branches(address.repository)}
    if ref not in heads:
        raise GreenroomError(f"{ref} is no branch of {address.repository}")
    return heads[ref]
