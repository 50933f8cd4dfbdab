"""Reads the files of one refresh, each once, and remembers their checksums for the next one."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.reading import expand, fetch
from catalog.refs import LocationRef
from core.errors import ExternalError, GreenroomError, NotFound

MOST_FILES = 20_000
"""Files below one location."""


@dataclass
class Reader:
    """Files by location. `seen` is what the location remembers; `known` what it remembered the last time."""

    known: Mapping[str, Any] = field(default_factory=dict)
    allow_files: bool = True
    seen: dict[str, dict[str, str]] = field(default_factory=dict)
    _contents: dict[str, bytes] = field(default_factory=dict)
    _lists: dict[str, list[LocationRef]] = field(default_factory=dict)

    def read(self, location: LocationRef) -> bytes:
        """A file's bytes; raises GreenroomError."""
        key = str(location)
        if key not in self._contents:
            fetched = fetch(location, allow_files=self.allow_files)
            if fetched is None:
                raise ExternalError(
                    f"{location.target} is said to be unchanged, though nobody asked; try again"
                )
            self._keep(key, fetched.content, fetched.etag)
        return self._contents[key]

    def read_nothing(self, target: str) -> bytes:
        """For documents that we made ourselves, which name no file."""
        raise NotFound(f"could not read {target}")

    def expand(self, location: LocationRef) -> list[LocationRef]:
        """The files that a target stands for; raises GreenroomError."""
        key = str(location)
        if key not in self._lists:
            self._lists[key] = expand(location, allow_files=self.allow_files)
            if self._lists[key] != [location]:
                self.seen[f"list:{key}"] = {"sum": _sum(repr(self._lists[key]).encode())}
        return self._lists[key]

    def unchanged(self) -> bool:
        """Whether everything that was read the last time is still the same. What it fetches is kept."""
        if not self.known:
            return False
        for key, before in self.known.items():
            try:
                if not self._same(key, before):
                    return False
            except GreenroomError:
                return False
        return True

    def _same(self, key: str, before: Mapping[str, str]) -> bool:
        if key.startswith("list:"):
            self.expand(LocationRef.parse(key.removeprefix("list:")))
            return self.seen.get(key, {}).get("sum") == before["sum"]
        fetched = fetch(LocationRef.parse(key), etag=before.get("etag", ""), allow_files=self.allow_files)
        if fetched is None:
            self.seen[key] = dict(before)
            return True
        self._keep(key, fetched.content, fetched.etag)
        return self.seen[key]["sum"] == before["sum"]

    def _keep(self, key: str, content: bytes, etag: str) -> None:
        self._contents[key] = content
        self.seen[key] = {"sum": _sum(content), **({"etag": etag} if etag else {})}


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
