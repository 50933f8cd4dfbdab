"""The documents that a provider told last, as files that are read like any other: `provider:<id>` and its parts."""

import hashlib
from collections.abc import Iterable
from typing import Any

import orjson

from catalog.discovery.models import Snapshot
from core.errors import NotFound

TYPE = "provider"
PARTS = 16
_BREAK = "---\n"


def parts(provider_id: str) -> list[str]:
    """The targets of a provider's parts, in a lasting order; none when nothing was told yet."""
    rows = Snapshot.objects.filter(provider=provider_id).order_by("part").values_list("part", flat=True)
    return [f"{provider_id}#{part}" for part in rows]


def read(target: str, etag: str) -> tuple[bytes, str] | None:
    """A part's documents and their tag; None when they still carry `etag`. NotFound when it is gone."""
    provider_id, _, part = target.partition("#")
    found = Snapshot.objects.filter(provider=provider_id, part=part)
    told = found.values_list("etag", flat=True).first()
    if told is None:
        raise NotFound(f"could not read {TYPE}:{target}, its provider does not tell it any more")
    return None if told == etag else (found.get().content.encode(), told)


def divide(documents: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Documents by part: by a hash of kind and name, so that a document stays in its part."""
    divided: dict[str, list[dict[str, Any]]] = {}
    for document in documents:
        key = f"{document['kind']}/{document['metadata']['name']}".lower()
        part = int(hashlib.sha256(key.encode()).hexdigest(), 16) % PARTS
        divided.setdefault(f"{part:02}", []).append(document)
    return divided


def text(documents: Iterable[dict[str, Any]]) -> str:
    """Documents as one YAML text: JSON is YAML."""
    return _BREAK.join(f"{orjson.dumps(document).decode()}\n" for document in documents)
