"""What a repository has for the catalog: the catalog files in it, or the entity that could stand for it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from catalog.actions import LONGEST_TARGET
from catalog.codeowners import suggest
from catalog.ingest.reader import Reader
from catalog.models import Location
from catalog.problems import Refused
from catalog.processing import Place, process
from catalog.reading import host_annotations, resolve
from catalog.refs import LocationRef
from catalog.yaml_documents import parse_documents
from core.errors import InputError, NotFound, TooLarge
from scm.port import Connected, Reading
from scm.registry import host_for_url
from scm.values import ContentAddress

USUAL_NAME = "catalog-info.yaml"
MOST_FILES = 100
"""Catalog files of one repository that are looked into."""
_NOT_ADDRESSES = re.compile(r"/(?:-/)?(?:blob|tree|raw|src|edit|_git)(?:/.*)?$")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_SLUGS = {
    "github": "github.com",
    "gitlab": "gitlab.com",
    "bitbucket": "bitbucket.org",
    "azure": "dev.azure.com",
}
"""A word in a host's name → the prefix of the annotation under which plugins look for the repository."""


@dataclass(frozen=True, slots=True)
class ExistingFile:
    """An entity in a catalog file of the repository, and whether that file is registered."""

    target: str
    registered: bool
    entity: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found; `suggested` is an entity to start from, when there is no catalog file."""

    existing: list[ExistingFile]
    suggested: dict[str, Any] | None


def analyse(target: str, file_name: str = "") -> Analysis:
    """Look at the repository, or the part of one, that a web address names. `file_name` is what to look for.

    A host that we cannot read is not asked: all that is known then is the address. Raises InputError when the
    target names no repository or a catalog file in it is broken, and what the host raises.
    """
    owner, name = _repository(target)
    found = host_for_url(target)
    existing = _existing(*found, target, file_name or USUAL_NAME) if found else []
    if existing:
        return Analysis(existing, None)
    metadata: dict[str, Any] = {"name": _entity_name(name)}
    annotations = _slug(found[0] if found else None, target, f"{owner}/{name}")
    if found:
        host, address = found
        annotations["backstage.io/source-location"] = f"url:{host.web_url(address.repository)}/"
    if annotations:
        metadata["annotations"] = annotations
    owners = suggest(target) if found else []
    suggested = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": metadata,
        "spec": {"type": "other", "lifecycle": "unknown", **({"owner": owners[0]} if owners else {})},
    }
    return Analysis([], suggested)


def _existing(host: Reading, address: ContentAddress, target: str, file_name: str) -> list[ExistingFile]:
    try:
        files = host.list_files(address.repository, address.ref)
    except NotFound as error:
        raise NotFound(f"There is no repository at {target}, or none that Greenroom may read") from error
    below = f"{address.path}/" if address.path else ""
    named = [
        path
        for path in files
        if path.rpartition("/")[2] == file_name and (path == address.path or path.startswith(below))
    ]
    if len(named) > MOST_FILES:
        raise TooLarge(
            f"{target} has {len(named)} files {file_name}, {MOST_FILES} at the most: name a folder"
        )
    branch = host.get_repository(address.repository).default_branch if address.ref == "HEAD" else address.ref
    urls = [host.contents_url(address.repository, branch, path) for path in named]
    registered = set(Location.objects.filter(type="url", target__in=urls).values_list("target", flat=True))
    return [ExistingFile(url, url in registered, entity) for url in urls for entity in _entities(url)]


def _entities(url: str) -> Iterator[dict[str, Any]]:
    """What one catalog file holds, without what the Location entities in it lead to."""
    file, reader = LocationRef("url", url), Reader(allow_files=False)
    place = Place(file, file, host_annotations(file))
    for document in parse_documents(reader.read(file), str(file)):
        try:
            if document.problem is not None:
                raise Refused(document.problem)
            if document.value is not None:
                found = process(document.value, place, lambda target: reader.read(resolve(target, file)))
                yield found.entity
        except Refused as refused:
            raise InputError(f"{url}, line {document.line}: {refused.problem}") from refused


def _repository(target: str) -> tuple[str, str]:
    """Owner and name of the repository that an address lies in."""
    try:
        parts = urlsplit(target)
        host = parts.hostname
    except ValueError as error:
        raise InputError("The given location.target is not a URL") from error
    if parts.scheme not in {"http", "https"} or not host or len(target) > LONGEST_TARGET:
        raise InputError("The given location.target is not a URL")
    path = _NOT_ADDRESSES.sub("", unquote(parts.path).rstrip("/")).strip("/")
    owner, _, name = path.removesuffix(".git").rpartition("/")
    if not owner or not name:
        raise InputError(
            f"location.target {target!r} names no repository; expected https://host/owner/repository"
        )
    return owner, name


def _slug(host: object, target: str, slug: str) -> dict[str, str]:
    """The annotation under which plugins look for the repository; the host's name tells for one that is not ours."""
    words = re.split(r"[.-]", (urlsplit(target).hostname or "").lower())
    if isinstance(host, Connected):
        words = [host.connection.type]
    return {f"{prefix}/project-slug": slug for word, prefix in _SLUGS.items() if word in words}


def _entity_name(name: str) -> str:
    """The repository's name as an entity may have it."""
    return _NOT_IN_NAMES.sub("-", name)[:63].strip("-_.") or "component"
