"""The properties and methods that values have, and no others: no Python attribute is ever looked up."""

from typing import Final

from .bounds import Meter
from .methods.lists import LIST, OLD_LIST, PYTHON_LIST
from .methods.numbers import NUMBER
from .methods.records import CYCLER, OLD_DICT, PYTHON_DICT, REGEX, Cycler
from .methods.shape import Method, to_string
from .methods.text import OLD_TEXT, TEXT
from .regexes import Regex
from .tokens import RESERVED
from .values import UNDEFINED, Function, Opaque, Value, to_text

_NONE: Final[dict[str, Method]] = {}
_TABLES: Final[dict[type, tuple[dict[str, Method], dict[str, Method], dict[str, Method]]]] = {
    str: (TEXT, OLD_TEXT, _NONE),
    list: (LIST, OLD_LIST, PYTHON_LIST),
    dict: (_NONE, OLD_DICT, PYTHON_DICT),
    bool: (_NONE, {"toString": to_string}, _NONE),
    int: (NUMBER, _NONE, _NONE),
    float: (NUMBER, _NONE, _NONE),
    Regex: (REGEX, {"toString": to_string}, _NONE),
    Cycler: (CYCLER, _NONE, _NONE),
}
"""Kind of value → methods of today's engine, those of the one before 4.0.3, those of cookiecutters."""


def member(target: Value, key: Value, *, called: bool = False, python_names: bool = False) -> Value:
    """`target[key]`; undefined when there is no such thing, also on undefined itself.

    Methods that only the engine before 4.0.3 had are there when they are called and not when they are
    looked at, so that a template which asks for such a name as data gets today's answer.
    """
    if target is None or target is UNDEFINED or isinstance(key, list | dict | Opaque):
        return UNDEFINED
    name = key if isinstance(key, str) else to_text(key)
    if name in RESERVED:
        return UNDEFINED
    match target:
        case dict():
            found = target.get(name, UNDEFINED)
            if found is not UNDEFINED:
                return found
        case str() | list():
            if name == "length":
                return len(target)
            if name.isdecimal() and name.isascii() and len(name) < 10:
                index = int(name)
                return target[index] if index < len(target) else UNDEFINED
        case Cycler():
            if name == "current":
                return target.current
    return _method(target, name, called=called, python_names=python_names)


def _method(target: Value, name: str, *, called: bool, python_names: bool) -> Value:
    kind = str if isinstance(target, str) else type(target)
    today, old, python = _TABLES.get(kind, (_NONE, _NONE, _NONE))
    method = (
        today.get(name) or (old.get(name) if called else None) or (python.get(name) if python_names else None)
    )
    if method is None:
        return UNDEFINED

    def call(meter: Meter, positional: list[Value], named: dict[str, Value]) -> Value:
        return method(meter, target, [*positional, named] if named else positional)

    return Function(name, call)
