"""What a filter looks like, and what filters ask of their input."""

from collections.abc import Callable
from typing import TypeAlias

from scaffolder.expressions.bounds import Meter
from scaffolder.expressions.errors import Fault
from scaffolder.expressions.members import member
from scaffolder.expressions.values import UNDEFINED, Value, type_name

FilterBody: TypeAlias = Callable[[Meter, Value, list[Value], dict[str, Value]], Value]


def text_of(value: Value) -> str:
    """The input of a filter on text: undefined, null and false are empty; anything else must be a text."""
    if value is None or value is UNDEFINED or value is False:
        return ""
    if not isinstance(value, str):
        raise Fault("Filter input must be a string")
    return value


def sequence_of(name: str, value: Value) -> list[Value]:
    """The elements of a list, the characters of a text; none of anything else that is there."""
    if isinstance(value, list):
        return value
    if value is None or value is UNDEFINED:
        raise Fault(f"{name} requires a sequence, not {type_name(value)}")
    return list(value) if isinstance(value, str) else []


def list_of(name: str, value: Value) -> list[Value]:
    """A list."""
    if not isinstance(value, list):
        raise Fault(f"{name} requires an array, not {type_name(value)}")
    return value


def attribute(value: Value, path: Value) -> Value:
    """The member at a path with dots, as `sort` and `groupby` take it."""
    if not isinstance(path, str):
        return member(value, path)
    for part in path.split("."):
        value = member(value, part)
    return value
