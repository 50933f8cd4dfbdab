"""Reads the Markdown documentation that entities name, and keeps its pages in the index.

An entity with `backstage.io/techdocs-ref: dir:.` (a folder as its own file sees it) or `url:…` (one on a code host)
has its `docs/` searched, else its README. Reading happens in a job of its own, by lease, never while entities are
written; a file that its server calls unchanged is not sent again, and a reading that fails takes nothing away.
"""

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from catalog.ingest.store import lock_catalog
from catalog.models import Entity
from catalog.processing import MANAGED_BY
from catalog.reading import expand, fetch, resolve
from catalog.refs import LocationRef
from catalog.search import index
from catalog.search.documents import Page
from catalog.search.markdown import read as read_markdown
from catalog.search.models import Documentation
from core.errors import ExternalError, GreenroomError, InputError, LeaseLost, NotAllowed, NotFound
from core.leases import claim, keep, release
from scm.registry import host_for_url

log = logging.getLogger(__name__)

REF = "backstage.io/techdocs-ref"
EVERY = timedelta(hours=1)
LONGEST_WAIT = timedelta(days=1)
MOST_FILES = 200
LARGEST_FILE = 256 * 1024
_LONGEST_ERROR = 2_000
_FOLDER, _README = "docs/", "README.md"
_At = Callable[[str], LocationRef]


@dataclass(slots=True)
class Reading:
    """What a reading found: pages that are new or changed, every file with its tag, and what went wrong."""

    pages: list[Page] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def read(pk: str) -> None:
    """Read the documentation of one entity, unless another worker does. Safe to be killed at any moment."""
    row = claim(Documentation.objects.all(), pk)
    if row is None:
        return
    try:
        with keep(row):
            _read(row)
    except LeaseLost as lost:
        log.info("reading of documentation given up", extra={"entity": pk, "reason": lost.message})
    finally:
        release(row)


def _read(row: Documentation) -> None:
    entity = Entity.objects.select_related("stored").filter(pk=row.pk).first()
    if entity is None:
        return
    document, etag = entity.document, entity.etag
    known = row.files if row.etag == etag else {}
    try:
        found = read_pages(document, known)
    except GreenroomError as refusal:
        wait = min(EVERY * 2 ** min(row.failures + 1, 10), LONGEST_WAIT)
        _finish(row, wait, error=refusal.message, failures=F("failures") + 1)
        return
    with transaction.atomic():
        lock_catalog()
        ours = Documentation.objects.filter(pk=row.pk, attempts=row.attempts, entity__etag=etag)
        if not ours.exists():
            raise LeaseLost(f"{row} was taken by another worker, or its entity changed meanwhile")
        index.put_pages(str(row.pk), document, found.pages, unchanged=found.unchanged)
        told = "; ".join(found.errors)[:_LONGEST_ERROR]
        _finish(row, EVERY, error=told, failures=0, files=found.files, etag=etag)


def _finish(row: Documentation, wait: timedelta, **changes: Any) -> None:
    now = timezone.now()
    later = now + wait * random.uniform(1.0, 1.5)  # noqa: S311 - a spread
    Documentation.objects.filter(pk=row.pk, attempts=row.attempts).update(
        read_at=now, next_read_at=later, **changes
    )


def read_pages(entity: Mapping[str, Any], known: Mapping[str, str]) -> Reading:
    """The pages of an entity's documentation; `known` are the tags of the files that are indexed already.

    Raises what kept the folder from being listed. A single file that cannot be read stays as it was indexed.
    """
    at, from_files = _places(entity)
    found = Reading()
    files = expand(at(f"{_FOLDER}**/*.md"), allow_files=from_files)
    start = unquote(at(_FOLDER).target)
    if len(files) > MOST_FILES:
        found.errors.append(f"{len(files)} files, of which the first {MOST_FILES} are read")
    for file in files[:MOST_FILES]:
        name = unquote(file.target).removeprefix(start).lstrip("/")
        _read_file(found, file, name, known, allow_files=from_files)
    if not any(_address(name) == "" for name in found.files):
        _read_file(found, at(_README), _README, known, allow_files=from_files, optional=True)
    return found


def _places(entity: Mapping[str, Any]) -> tuple[_At, bool]:
    """Where the paths of an entity's documentation lie, and whether files of this machine may be read for it."""
    annotations = entity["metadata"]["annotations"]
    said, place = annotations[REF], LocationRef.parse(annotations[MANAGED_BY])
    kind, _, target = said.partition(":")
    if kind == "dir" and target:
        return lambda path: resolve(f"{target.rstrip('/')}/{path}", place), place.type == "file"
    found = host_for_url(target) if kind == "url" else None
    if found is None:
        raise InputError(
            f"{REF}: {said!r} names no folder: expected dir:. or url: with a folder on a code host"
        )
    host, folder = found
    return lambda path: LocationRef(
        "url", host.contents_url(folder.repository, folder.ref, f"{folder.path}/{path}".lstrip("/"))
    ), False


def _read_file(
    found: Reading,
    file: LocationRef,
    name: str,
    known: Mapping[str, str],
    *,
    allow_files: bool,
    optional: bool = False,
) -> None:
    try:
        fetched = fetch(file, etag=known.get(name, ""), allow_files=allow_files)
        if fetched is not None and len(fetched.content) > LARGEST_FILE:
            raise InputError(f"{name} has more than {LARGEST_FILE // 1024} KB")
    except (ExternalError, InputError, NotAllowed, NotFound) as error:
        if not (optional and isinstance(error, NotFound)):
            found.errors.append(error.message)
            found.unchanged += [name] if name in known else []
        return
    if fetched is None:
        found.unchanged.append(name)
        found.files[name] = known[name]
        return
    title, text = read_markdown(fetched.content.decode("utf-8", "replace"))
    found.pages.append(Page(name, _address(name), title or name.rpartition("/")[2], text))
    found.files[name] = fetched.etag


def _address(name: str) -> str:
    """Where the frontend shows a file, as MkDocs builds it: `guide/index.md` → `guide/`, `faq.md` → `faq/`."""
    folder, _, file = name.rpartition("/")
    stem = file.rpartition(".")[0]
    parts = [folder] if folder else []
    if stem.lower() not in {"index", "readme"}:
        parts.append(stem)
    return f"{'/'.join(parts)}/" if parts else ""
