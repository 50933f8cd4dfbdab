"""Reads the files of one refresh, each once, and tells which are the same as the last time."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog.ingest.memory import Memory
from catalog.reading import Fetched, expand, fetch
from catalog.refs import LocationRef
from core.errors import ExternalError, GreenroomError, NotFound

MOST_FILES = 20_000
"""Files below one location."""


@dataclass
class Reader:
    """Files by location. `known` is what the location remembers of them."""

    known: Mapping[str, Memory] = field(default_factory=dict)
    allow_files: bool = True
    _fetched: dict[str, Fetched] = field(default_factory=dict)
    _failed: dict[str, GreenroomError] = field(default_factory=dict)
    _lists: dict[str, list[LocationRef]] = field(default_factory=dict)

    def read(self, location: LocationRef) -> bytes:
        """A file's bytes; raises GreenroomError."""
        key = str(location)
        if key in self._failed:
            raise self._failed[key]
        if key not in self._fetched:
            fetched = fetch(location, allow_files=self.allow_files)
            if fetched is None:
                raise ExternalError(
                    f"{location.target} is said to be unchanged, though nobody asked; try again"
                )
            self._fetched[key] = fetched
        return self._fetched[key].content

    def read_nothing(self, target: str) -> bytes:
        """For documents that we made ourselves, which name no file."""
        raise NotFound(f"could not read {target}")

    def expand(self, location: LocationRef) -> list[LocationRef]:
        """The files that a target stands for; raises GreenroomError."""
        key = str(location)
        if key not in self._lists:
            self._lists[key] = expand(location, allow_files=self.allow_files)
        return self._lists[key]

    def is_same(self, location: LocationRef) -> bool:
        """Whether a file is as it is remembered; not, when nothing is known of it or it cannot be read."""
        key = str(location)
        memory = self.known.get(key)
        if memory is None or key in self._failed:
            return False
        if key not in self._fetched:
            try:
                fetched = fetch(location, etag=memory.etag, allow_files=self.allow_files)
            except GreenroomError as error:
                self._failed[key] = error
                return False
            if fetched is None:
                return True
            self._fetched[key] = fetched
        return _sum(self._fetched[key].content) == memory.sum

    def memory(self, location: LocationRef) -> Memory:
        """What is to be remembered of a file that was read."""
        fetched = self._fetched[str(location)]
        return Memory(_sum(fetched.content), fetched.etag)

    def forget(self, location: LocationRef) -> None:
        """Let go of a file's bytes: a location may hold very many files."""
        self._fetched.pop(str(location), None)


def _sum(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
