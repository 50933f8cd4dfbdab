"""Keeps a run's secrets out of all that it says: their values, what was made from them, and how others write them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from core.redaction import MASK, Redactor
from scaffolder.spellings import spellings


class Masker:
    """Masks texts and data. `learn` adds what an input made from secrets: the contract masks the whole text."""

    def __init__(self, secrets: Mapping[str, Any]) -> None:
        self._known = set(_texts(secrets))
        self._redactor = Redactor(spellings(self._known))

    def learn(self, raw: Any, rendered: Any) -> None:
        """Hide every text of a rendered input that was written with `secrets` in it."""
        self.hide(*_derived(raw, rendered))

    def learn_made(self, schema: Mapping[str, Any] | None, output: Any) -> None:
        """Hide what an action has made and calls secret: `writeOnly` or `format: password` in its output's schema."""
        self.hide(*_secret_parts(schema or {}, output))

    def recall(self, shown: Any, whole: Any) -> None:
        """Hide what was hidden before: the parts of a whole that are masks in what is shown of it."""
        self.hide(*_behind_masks(shown, whole))

    def hide(self, *texts: str) -> None:
        """Hide these texts from now on: what a step made that nobody may read, such as a token."""
        fresh = set(texts) - self._known
        if fresh:
            self._known |= fresh
            self._redactor = Redactor(spellings(self._known))

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


def _secret_parts(schema: Mapping[str, Any], value: Any) -> Iterator[str]:
    if schema.get("writeOnly") is True or schema.get("format") == "password":
        yield from _texts(value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _secret_parts(schema.get("properties", {}).get(key, {}), item)
    elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for item in value:
            yield from _secret_parts(schema["items"], item)


def _behind_masks(shown: Any, whole: Any) -> Iterator[str]:
    if isinstance(shown, str) and isinstance(whole, str):
        if shown != whole:
            pattern = "(.+?)".join(map(re.escape, shown.split(MASK)))
            found = re.fullmatch(pattern, whole, re.DOTALL)
            yield from found.groups() if found else (whole,)
    elif isinstance(shown, Mapping) and isinstance(whole, Mapping):
        for (key, item), (name, other) in zip(shown.items(), whole.items(), strict=False):
            yield from _behind_masks(key, name)
            yield from _behind_masks(item, other)
    elif isinstance(shown, list) and isinstance(whole, list):
        for item, other in zip(shown, whole, strict=False):
            yield from _behind_masks(item, other)
