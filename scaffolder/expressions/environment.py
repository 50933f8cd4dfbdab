"""What templates may use besides the language: filters and functions that the caller adds, and the bounds."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import InputError

from .bounds import Bounds, Meter
from .crossing import inside, outside
from .errors import Fault
from .filters import FilterBody, backstage_filters
from .values import UNDEFINED, Function, Value


@dataclass(frozen=True, slots=True)
class Environment:
    """Filters, functions and bounds of a rendering. Filters and functions take and give plain data.

    One that refuses its input raises InputError; a template that calls it is then wrong at that place.
    """

    filters: Mapping[str, Callable[..., Any]] = field(default_factory=lambda: backstage_filters({}))
    functions: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    """Names that templates see beside their context, whose own win."""
    old_methods: bool = True
    """Whether methods that only the engine before 4.0.3 had (`hasOwnProperty`, `replaceAll` …) may be called."""
    bounds: Bounds = field(default_factory=Bounds)


def added_filter(body: Callable[..., Any]) -> FilterBody:
    """A filter from outside, as the engine calls it."""

    def apply(meter: Meter, value: Value, positional: list[Value], named: dict[str, Value]) -> Value:
        return _called(body, meter, [value, *positional], named)

    return apply


def added_function(name: str, body: Callable[..., Any]) -> Function:
    """A function from outside, as the engine calls it."""

    def call(meter: Meter, positional: list[Value], named: dict[str, Value]) -> Value:
        return _called(body, meter, positional, named)

    return Function(name, call)


def _called(
    body: Callable[..., Any], meter: Meter, positional: list[Value], named: dict[str, Value]
) -> Value:
    given = [_given(value, meter) for value in positional] + ([_given(named, meter)] if named else [])
    try:
        bound = inspect.signature(body).bind(*given)
    except TypeError as error:
        raise Fault(f"{error}") from error
    try:
        return inside(body(*bound.args))
    except InputError as error:
        raise Fault(error.message) from error


def _given(value: Value, meter: Meter) -> Any:
    found = outside(value, meter)
    return None if found is UNDEFINED else found
