"""Query parameters as the contract checks them: declared by name, anything else refused, nothing coerced silently."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from ..errors import InputError

MOST_VALUES = 100


@dataclass(frozen=True)
class Text:
    """One text; the last one given wins."""

    default: str | None = None

    def parse(self, name: str, values: list[str]) -> Any:
        return values[-1]


@dataclass(frozen=True)
class Many:
    """A list: the parameter repeated."""

    default: tuple[str, ...] = ()

    def parse(self, name: str, values: list[str]) -> Any:
        if len(values) > MOST_VALUES:
            raise InputError(
                f"query parameter {name!r} is given {len(values)} times, {MOST_VALUES} at the most"
            )
        return values


@dataclass(frozen=True)
class Whole:
    """A whole number."""

    minimum: int | None = None
    maximum: int | None = None
    default: int | None = None

    def parse(self, name: str, values: list[str]) -> Any:
        if not re.fullmatch(r"-?\d{1,18}", values[-1]):
            raise InputError(f"request/query/{name} must be integer")
        number = int(values[-1])
        if self.minimum is not None and number < self.minimum:
            raise InputError(f"request/query/{name} must be >= {self.minimum}")
        if self.maximum is not None and number > self.maximum:
            raise InputError(f"request/query/{name} must be <= {self.maximum}")
        return number


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]
    default: str | None = None

    def parse(self, name: str, values: list[str]) -> Any:
        if values[-1] not in self.words:
            raise InputError(
                f"request/query/{name} must be equal to one of the allowed values: {', '.join(self.words)}"
            )
        return values[-1]


Param = Text | Many | Whole | Choice


def parse(declared: Mapping[str, Param], given: QueryDict) -> dict[str, Any]:
    """The value of each declared parameter. Raises InputError with the texts of the contract."""
    for name in given:
        if name not in declared:
            raise InputError(f"Unknown query parameter '{name}'")
    values: dict[str, Any] = {}
    for name, param in declared.items():
        texts = given.getlist(name)
        if not texts:
            values[name] = param.default
        elif "" in texts:
            raise InputError(f"Empty value found for query parameter '{name}'")
        elif "\0" in "".join(texts):
            raise InputError(f"query parameter '{name}' holds a NUL character, which no value may have")
        else:
            values[name] = param.parse(name, texts)
    return values
