"""Finds the value of an expression, counting each step; it sees the engine's own values only."""

import difflib
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from .bounds import Meter
from .errors import BoundsFault, Fault
from .filters import FilterBody
from .members import member
from .predicates import PREDICATES, tested
from .regexes import Regex
from .syntax import (
    Binary,
    Call,
    Choice,
    DictOf,
    Expression,
    Filter,
    Group,
    ListOf,
    Literal,
    Member,
    Name,
    Pattern,
    Slice,
    Test,
    Unary,
)
from .values import (
    UNDEFINED,
    Function,
    Value,
    added,
    divided,
    floor,
    is_truthy,
    less,
    loosely_equal,
    number,
    power,
    remainder,
    strictly_equal,
    to_number,
    to_text,
    to_whole,
    type_name,
)


class Scope:
    """Names and their values. Setting a name that an outer scope has changes it there, unless isolated."""

    __slots__ = ("isolated", "names", "parent")

    def __init__(
        self, names: dict[str, Value], parent: "Scope | None" = None, *, isolated: bool = False
    ) -> None:
        self.names = names
        self.parent = parent
        self.isolated = isolated

    def lookup(self, name: str) -> Value:
        """The value of a name; undefined when no scope has it."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.names.get(name, UNDEFINED)
            if found is not UNDEFINED:
                return found
            scope = scope.parent
        return UNDEFINED

    def assign(self, name: str, value: Value) -> None:
        """Set a name where it is known, else here."""
        scope: Scope | None = self
        while scope is not None and name not in scope.names:
            scope = None if scope.isolated else scope.parent
        (scope or self).names[name] = value

    @property
    def root(self) -> "Scope":
        """The outermost scope."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope


class Evaluator:
    """Evaluates the expressions of one rendering."""

    def __init__(
        self,
        meter: Meter,
        filters: Mapping[str, FilterBody],
        functions: Mapping[str, Function],
        *,
        python_names: bool,
        old_methods: bool,
    ) -> None:
        self.meter = meter
        self.filters = filters
        self.functions = functions
        self.python_names = python_names
        self.old_methods = old_methods
        self._kinds: dict[type, Callable[[Any, Scope], Value]] = {
            Literal: self._literal,
            Name: self._name,
            Member: self._member,
            Filter: self._filter,
            Call: self._call,
            Binary: self._binary,
            Unary: self._unary,
            Choice: self._choice,
            Test: self._test,
            Group: self._group,
            ListOf: self._list,
            DictOf: self._dict,
            Slice: self._slice,
            Pattern: self._pattern,
        }

    def evaluate(self, node: Expression, scope: Scope) -> Value:
        """The value of an expression. A Fault that has no place yet gets this one's."""
        self.meter.spend()
        try:
            return self._kinds[type(node)](node, scope)
        except Fault as fault:
            if fault.at is None:
                fault.at = node.at
            raise

    def arguments(
        self, positional: list[Expression], named: list[tuple[str, Expression]], scope: Scope
    ) -> tuple[list[Value], dict[str, Value]]:
        """The values of a call's arguments."""
        values = [self.evaluate(argument, scope) for argument in positional]
        return values, {name: self.evaluate(argument, scope) for name, argument in named}

    def filtered(self, node: Filter, value: Value, scope: Scope) -> Value:
        """A value through a filter with the arguments of the node."""
        body = self.filters.get(node.name)
        if body is None:
            raise Fault(f'Unknown template filter "{node.name}"{_near(node.name, self.filters)}', node.at)
        positional, named = self.arguments(node.positional, node.named, scope)
        try:
            result = body(self.meter, value, positional, named)
        except BoundsFault:
            raise
        except Fault as fault:
            reason = f'Filter "{node.name}" failed for {type_name(value)} input: {fault.reason}'
            raise Fault(reason, node.at) from fault
        if isinstance(result, str):
            self.meter.text(len(result))
        return result

    def _literal(self, node: Literal, _scope: Scope) -> Value:
        return node.value

    def _name(self, node: Name, scope: Scope) -> Value:
        found = scope.lookup(node.name)
        return self.functions.get(node.name, UNDEFINED) if found is UNDEFINED else found

    def _member(self, node: Member, scope: Scope) -> Value:
        target = self.evaluate(node.target, scope)
        return member(target, self.evaluate(node.key, scope), python_names=self.python_names)

    def _filter(self, node: Filter, scope: Scope) -> Value:
        return self.filtered(node, self.evaluate(node.target, scope), scope)

    def _call(self, node: Call, scope: Scope) -> Value:
        callee = self._callee(node.callee, scope)
        if not isinstance(callee, Function):
            name = _path(node.callee)
            subject = f'value "{name}"' if name else "expression"
            raise Fault(f"Template {subject} resolved to {type_name(callee)} and cannot be called", node.at)
        positional, named = self.arguments(node.positional, node.named, scope)
        result = callee.body(self.meter, positional, named)
        if isinstance(result, str):
            self.meter.text(len(result))
        return result

    def _callee(self, node: Expression, scope: Scope) -> Value:
        if not isinstance(node, Member):
            return self.evaluate(node, scope)
        target, key = self.evaluate(node.target, scope), self.evaluate(node.key, scope)
        return member(target, key, called=self.old_methods, python_names=self.python_names)

    def _unary(self, node: Unary, scope: Scope) -> Value:
        value = self.evaluate(node.target, scope)
        match node.operator:
            case "not":
                return not is_truthy(value)
            case "floor":
                return floor(to_number(value))
            case "-":
                return number(-to_number(value))
        return to_number(value)

    def _binary(self, node: Binary, scope: Scope) -> Value:
        """A chain of operators from its leftmost operand on, without a call per link."""
        spine: list[Binary] = []
        first: Expression = node
        while isinstance(first, Binary):
            spine.append(first)
            first = first.left
        value = self.evaluate(first, scope)
        for link in reversed(spine):
            if link.operator == "and":
                value = self.evaluate(link.right, scope) if is_truthy(value) else value
            elif link.operator == "or":
                value = value if is_truthy(value) else self.evaluate(link.right, scope)
            else:
                value = self._operated(link, value, self.evaluate(link.right, scope))
        return value

    def _operated(self, link: Binary, left: Value, right: Value) -> Value:
        self.meter.spend()
        try:
            value = _OPERATORS[link.operator](left, right)
        except Fault as fault:
            fault.at = link.at if fault.at is None else fault.at
            raise
        if isinstance(value, str):
            self.meter.text(len(value))
        return value

    def _choice(self, node: Choice, scope: Scope) -> Value:
        if is_truthy(self.evaluate(node.condition, scope)):
            return self.evaluate(node.then, scope)
        return "" if node.otherwise is None else self.evaluate(node.otherwise, scope)

    def _test(self, node: Test, scope: Scope) -> Value:
        value = self.evaluate(node.target, scope)
        if node.name not in PREDICATES:
            raise Fault(f'Unknown template test "{node.name}"{_near(node.name, PREDICATES)}', node.at)
        arguments = [self.evaluate(argument, scope) for argument in node.positional]
        return tested(node.name, value, arguments) is not node.negated

    def _group(self, node: Group, scope: Scope) -> Value:
        return [self.evaluate(item, scope) for item in node.items][-1]

    def _list(self, node: ListOf, scope: Scope) -> Value:
        return [self.evaluate(item, scope) for item in node.items]

    def _dict(self, node: DictOf, scope: Scope) -> Value:
        return {key: self.evaluate(item, scope) for key, item in node.items}

    def _pattern(self, node: Pattern, _scope: Scope) -> Value:
        return Regex(node.body, node.flags)

    def _slice(self, node: Slice, scope: Scope) -> Value:
        """A list of elements, of a text too; as in nunjucks the place just past the end is undefined."""
        target = self.evaluate(node.target, scope)
        parts = [
            UNDEFINED if part is None else self.evaluate(part, scope)
            for part in (node.start, node.stop, node.step)
        ]
        step = to_number(parts[2]) if parts[2] is not UNDEFINED else 1
        if step == 0 or not math.isfinite(step):
            raise Fault("Slice step must have finite non-zero numeric coercion", node.at)
        length = len(target) if isinstance(target, str | list) else 0
        open_ended = not isinstance(target, str | list) and is_truthy(target)
        start = to_whole(parts[0], length - 1 if step < 0 else 0)
        stop = to_whole(parts[1], -1 if step < 0 else length)
        start = start + length if start < 0 else start
        stop = stop + length if stop < 0 and parts[1] is not UNDEFINED else stop
        end = stop if open_ended else min(stop, length + 1)
        if step < 0:
            start, end = min(start, length), max(stop, -1)
        places = range(max(start, 0), end, int(step) or 1)
        self.meter.items(len(places))
        return [member(target, place) for place in places]


def _path(node: Expression) -> str:
    """The path that a callee is written as, when it is written as names only."""
    parts: list[str] = []
    while isinstance(node, Member) and isinstance(node.key, Literal) and isinstance(node.key.value, str):
        parts.append(node.key.value)
        node = node.target
    return ".".join([node.name, *reversed(parts)]) if isinstance(node, Name) else ""


def _near(name: str, known: Mapping[str, object]) -> str:
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return f'; did you mean "{found[0]}"?' if found else ""


def _contains(left: Value, right: Value) -> bool:
    match right:
        case list():
            return any(strictly_equal(item, left) for item in right)
        case dict():
            return right.get(to_text(left), UNDEFINED) is not UNDEFINED
        case str():
            return to_text(left) in right
    raise Fault("Membership requires an array, record, or string")


_OPERATORS: Final[dict[str, Callable[[Value, Value], Value]]] = {
    "+": added,
    "-": lambda left, right: number(to_number(left) - to_number(right)),
    "*": lambda left, right: number(to_number(left) * to_number(right)),
    "/": divided,
    "//": lambda left, right: floor(divided(left, right)),
    "%": remainder,
    "**": power,
    "~": lambda left, right: to_text(left) + to_text(right),
    "==": loosely_equal,
    "!=": lambda left, right: not loosely_equal(left, right),
    "===": strictly_equal,
    "!==": lambda left, right: not strictly_equal(left, right),
    "<": lambda left, right: less(left, right) is True,
    ">": lambda left, right: less(right, left) is True,
    "<=": lambda left, right: less(right, left) is False,
    ">=": lambda left, right: less(left, right) is False,
    "in": _contains,
}
