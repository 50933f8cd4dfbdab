"""What a template refers to, told without rendering it: names with the members taken of them, and filters."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from .crossing import units
from .errors import Fault, placed
from .functions import FUNCTIONS
from .scanner import Dialect
from .syntax import Binary, Choice, Filter, For, If, Literal, Macro, Member, Name, Set, Test, Unary
from .tags import parse

_OPERATORS = (Binary, Unary, Test)


@dataclass(frozen=True, slots=True)
class Reference:
    """`name.path[0].path[1]…` as far as the members are written out. `at` is an offset into the template.

    `guarded`: it stands before `default` or in a condition, so that being undefined is foreseen.
    """

    name: str
    path: tuple[str, ...]
    at: int
    guarded: bool = False


@dataclass(frozen=True, slots=True)
class FilterUse:
    """A filter by its name."""

    name: str
    at: int


def references(source: str, dialect: Dialect) -> Iterator[Reference | FilterUse]:
    """Everything that a template refers to and does not bind itself. Raises ExpressionError for one that is wrong."""
    if dialect.is_plain(source):
        return
    text = units(source)
    try:
        template = parse(text, dialect)
    except Fault as fault:
        raise placed(fault, text) from fault
    body = list(template.body)
    yield from _walked(body, frozenset(_bound(body)))


def _bound(node: Any) -> Iterator[str]:
    """Names that the template gives values itself, wherever it does so."""
    yield from FUNCTIONS
    for one in _all(node):
        if isinstance(one, For):
            yield "loop"
            yield from one.targets
        elif isinstance(one, Set):
            yield from one.targets
        elif isinstance(one, Macro):
            yield from (one.name, "caller", *(name for name, _ in one.parameters))


def _all(node: Any) -> Iterator[Any]:
    if isinstance(node, list | tuple):
        for item in node:
            yield from _all(item)
    elif is_dataclass(node) and not isinstance(node, type):
        yield node
        for member in fields(node):
            yield from _all(getattr(node, member.name))


def _walked(node: Any, bound: frozenset[str], *, guarded: bool = False) -> Iterator[Reference | FilterUse]:
    match node:
        case list() | tuple():
            for item in node:
                yield from _walked(item, bound)
        case Name(at, name):
            if name not in bound:
                yield Reference(name, (), at, guarded)
        case Member():
            yield from _member(node, bound, guarded=guarded)
        case If(_, branches, otherwise):
            for condition, body in branches:
                yield from _walked(condition, bound, guarded=True)
                yield from _walked(body, bound)
            yield from _walked(otherwise, bound)
        case Choice(_, condition, then, otherwise_):
            yield from _walked(condition, bound, guarded=True)
            yield from _walked([then, otherwise_], bound)
        case Filter(at, name, target, positional, named):
            yield FilterUse(name, at)
            yield from _walked(target, bound, guarded=name in {"default", "d"})
            yield from _walked([*positional, *named], bound)
        case _ if is_dataclass(node):
            for member in fields(node):
                inner = getattr(node, member.name)
                passed_on = guarded and isinstance(node, _OPERATORS) and not isinstance(inner, list)
                yield from _walked(inner, bound, guarded=passed_on)


def _member(node: Member, bound: frozenset[str], *, guarded: bool) -> Iterator[Reference | FilterUse]:
    keys: list[Any] = []
    target: Any = node
    while isinstance(target, Member):
        keys.insert(0, target.key)
        target = target.target
    path: list[str] = []
    whole = True
    for key in keys:
        if whole and isinstance(key, Literal) and isinstance(key.value, str):
            path.append(key.value)
        else:
            whole = False
            yield from _walked(key, bound)
    if isinstance(target, Name):
        if target.name not in bound:
            yield Reference(target.name, tuple(path), target.at, guarded)
    else:
        yield from _walked(target, bound)
