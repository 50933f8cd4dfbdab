"""Keeps a run's secrets out of all that it says: their values, what was made from them, and how JSON writes them."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from core.redaction import MASK, Redactor

_TELLING = 8
"""Characters of base64 that are hidden; fewer could stand in any text."""


class Masker:
    """Masks texts and data. `learn` adds what an input made from secrets: the contract masks the whole text."""

    def __init__(self, secrets: Mapping[str, Any]) -> None:
        self._known = set(_texts(secrets))
        self._redactor = Redactor(_spellings(self._known))

    def learn(self, raw: Any, rendered: Any) -> None:
        """Hide every text of a rendered input that was written with `secrets` in it."""
        self.hide(*_derived(raw, rendered))

    def hide(self, *texts: str) -> None:
        """Hide these texts from now on: what a step made that nobody may read, such as a token."""
        fresh = set(texts) - self._known
        if fresh:
            self._known |= fresh
            self._redactor = Redactor(_spellings(self._known))

    def recall(self, shown: Any, whole: Any) -> None:
        """Hide again what an earlier attempt hid: the texts of an output that is kept masked as a whole."""
        self.hide(*_masked(shown, whole))

    def text(self, text: str) -> str:
        return self._redactor(text)

    def data(self, value: Any) -> Any:
        """A copy with every text masked, keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(key): self.data(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(item) for item in value]
        return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _derived(raw: Any, rendered: Any) -> Iterator[str]:
    if isinstance(raw, str):
        if "secrets" in raw:
            yield from _texts(rendered)
    elif isinstance(raw, Mapping) and isinstance(rendered, Mapping):
        for key, item in raw.items():
            yield from _derived(item, rendered.get(key))
    elif isinstance(raw, list) and isinstance(rendered, list):
        for item, other in zip(raw, rendered, strict=False):
            yield from _derived(item, other)


def _masked(shown: Any, whole: Any) -> Iterator[str]:
    if isinstance(shown, str) and isinstance(whole, str):
        if shown == MASK and whole != MASK:
            yield whole
    elif isinstance(shown, Mapping) and isinstance(whole, Mapping):
        for key, item in whole.items():
            yield from _masked(shown.get(key), item)
    elif isinstance(shown, list) and isinstance(whole, list):
        for item, other in zip(shown, whole, strict=False):
            yield from _masked(item, other)


def _spellings(texts: set[str]) -> Iterator[str]:
    for text in texts:
        yield text
        yield json.dumps(text)[1:-1]
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        yield quote(text, safe="")
        quoted = repr(text)[1:-1].replace(
            "\\'", "'"
        )  # as our messages name a value, in either kind of quotes
        yield quoted
        yield quoted.replace("'", "\\'")
        yield from _in_base64(text.encode(errors="replace"))


def _in_base64(secret: bytes) -> Iterator[str]:
    """How base64 writes a secret wherever in a text it stands: what all neighbours leave alike, if that says much."""
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            written = encode(b"\0" * before + secret).decode().rstrip("=")
            core = written[-(-before * 4 // 3) : (before + len(secret)) * 4 // 3]
            if len(core) >= _TELLING:
                yield core
