"""Filters, functions and values that an installation adds to the language of templates.

A module of yours has the tuples FILTERS, FUNCTIONS and VALUES, as far as it has any; GREENROOM_SCAFFOLDER_EXTENSIONS
names it. They are loaded at the start, and again by the processes that render skeletons.
"""

import importlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import InputError

from .filters import BUILT_IN, backstage_filters
from .functions import FUNCTIONS
from .tokens import RESERVED

_NAME = re.compile(r"[A-Za-z_$][\w$]*")


@dataclass(frozen=True, slots=True)
class TemplateFilter:
    """A filter: `run(value, *arguments)` takes and gives plain JSON values; InputError refuses its input.

    `schema` may have `input`, `arguments` (a list) and `output`: JSON Schemas for those who write templates.
    `examples` are `{description?, example, notes?}`.
    """

    name: str
    run: Callable[..., Any]
    description: str = ""
    schema: Mapping[str, Any] | None = None
    examples: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateFunction:
    """A function: `run(*arguments)`, otherwise as a filter; its schema has no `input`."""

    name: str
    run: Callable[..., Any]
    description: str = ""
    schema: Mapping[str, Any] | None = None
    examples: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateValue:
    """A value that all templates see under a name, unless they have one of that name themselves."""

    name: str
    value: Any
    description: str = ""


@dataclass(slots=True)
class Extensions:
    """What was loaded, by name, and the modules that it came from."""

    filters: dict[str, TemplateFilter] = field(default_factory=dict)
    functions: dict[str, TemplateFunction] = field(default_factory=dict)
    values: dict[str, TemplateValue] = field(default_factory=dict)
    modules: tuple[str, ...] = ()

    def filter_bodies(self) -> dict[str, Callable[..., Any]]:
        return {name: _guarded(f"filter {name}", one.run) for name, one in self.filters.items()}

    def function_bodies(self) -> dict[str, Callable[..., Any]]:
        return {name: _guarded(f"function {name}", one.run) for name, one in self.functions.items()}

    def plain_values(self) -> dict[str, Any]:
        return {name: one.value for name, one in self.values.items()}


LOADED = Extensions()
"""What this process has loaded."""


def load(modules: Iterable[str]) -> list[str]:
    """Load these modules in the place of what was loaded; what is wrong, a sentence each. A wrong one adds nothing."""
    found, problems = Extensions(), []
    for name in modules:
        try:
            _add(importlib.import_module(name), found)
        except (ImportError, ValueError, InputError) as error:
            problems.append(f"{name}: {error}")
        else:
            found.modules += (name,)
    LOADED.filters, LOADED.functions, LOADED.values = found.filters, found.functions, found.values
    LOADED.modules = found.modules
    return problems


def _add(module: Any, into: Extensions) -> None:
    kinds: tuple[tuple[str, type[Any], dict[str, Any], set[str]], ...] = (
        ("FILTERS", TemplateFilter, into.filters, {*BUILT_IN, *backstage_filters({})}),
        ("FUNCTIONS", TemplateFunction, into.functions, {*FUNCTIONS, *into.values}),
        ("VALUES", TemplateValue, into.values, {*FUNCTIONS, *into.functions}),
    )
    fresh: list[tuple[dict[str, Any], Any]] = []
    for attribute, kind, known, taken in kinds:
        seen = {*taken, *known}
        for one in getattr(module, attribute, ()):
            if not isinstance(one, kind):
                raise InputError(f"{attribute} holds a {type(one).__name__}; it takes {kind.__name__}")
            if not _NAME.fullmatch(one.name) or one.name in RESERVED:
                raise InputError(f"{attribute}: {one.name!r} is no name that a template could write")
            if one.name in seen:
                raise InputError(f"{attribute}: {one.name!r} is there already; choose another name")
            seen.add(one.name)
            fresh.append((known, one))
    for known, one in fresh:
        known[one.name] = one


def _guarded(name: str, body: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        try:
            return body(*arguments)
        except InputError:
            raise
        except (
            Exception
        ) as error:  # somebody else's code: its fault is the template's error, not a worker's end
            raise InputError(f"{name} failed: {type(error).__name__}: {error}") from error

    return call
