"""Reads expressions: nunjucks' grammar, bound together as the JavaScript that nunjucks writes for it binds.

Nunjucks writes each operator into JavaScript without parentheses, so there `not 1 + 1` is `!1 + 1`, `1 ~ 2
+ 3` joins from the left, and `1 == 1 < 2` compares as JavaScript does. `//` becomes `Math.floor( … )`
around the `%` beside it.
"""

from collections.abc import Iterable
from typing import Final

from .errors import BoundsFault, Fault
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
from .tokens import RESERVED, Token

_LEVELS: Final = {
    "or": 1, "and": 2, "in": 4, "is": 5,
    "==": 6, "===": 6, "!=": 6, "!==": 6, "<": 7, "<=": 7, ">": 7, ">=": 7,
    "+": 8, "-": 8, "~": 8, "*": 9, "/": 9, "//": 9, "%": 9, "**": 10,
}  # fmt: skip
_NOT: Final = 3
_WORDS: Final = frozenset({"or", "and", "in", "is", "not", "if", "else"})
_CONSTANTS: Final = {"true": True, "false": False, "none": None, "null": None}
_PYTHON_CONSTANTS: Final = {"True": True, "False": False, "None": None}
_CHAIN: Final = 150
"""Members, calls and filters after one value."""


class Grammar:
    """A cursor over the tokens of one tag. Raises Fault at the token that does not fit."""

    def __init__(self, tokens: list[Token], *, depth: int, python_names: bool = False) -> None:
        self.tokens = tokens
        self.position = 0
        self.depth = depth
        self.constants = _CONSTANTS | _PYTHON_CONSTANTS if python_names else _CONSTANTS

    @property
    def next(self) -> Token:
        """The token to read next."""
        return self.tokens[self.position]

    def take(self) -> Token:
        """Read a token; the last one stays."""
        token = self.tokens[self.position]
        if token.kind != "end":
            self.position += 1
        return token

    def sees(self, *values: str) -> bool:
        """Whether the next token is one of these operators or words."""
        return self.next.kind in {"operator", "name"} and self.next.value in values

    def accept(self, *values: str) -> Token | None:
        """Read the next token if it is one of these operators or words."""
        return self.take() if self.sees(*values) else None

    def expect(self, value: str) -> Token:
        """Read this operator or word."""
        if not self.sees(value):
            raise Fault(f"Expected {value}", self.next.at)
        return self.take()

    def name(self) -> str:
        """Read a name."""
        token = self.take()
        if token.kind != "name":
            raise Fault(f"Expected name, received {token}", token.at)
        return _allowed(token)

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self.next.kind != "end":
            raise Fault(f"Expected eof, received {self.next}", self.next.at)

    def whole(self) -> Expression:
        """The one expression that fills the tag."""
        found = self.expression()
        self.end()
        return found

    def expression(self) -> Expression:
        """An expression, with its `if … else …` behind it."""
        self.depth -= 1
        if self.depth < 0:
            raise BoundsFault("Expression is nested too deeply: name the parts with {% set %}", self.next.at)
        found = self._binary(1)
        if token := self.accept("if"):
            condition = self._binary(1)
            otherwise = self._binary(1) if self.accept("else") else None
            found = Choice(token.at, condition, found, otherwise)
        self.depth += 1
        return found

    def _binary(self, level: int) -> Expression:
        found = self._negation() if level <= _NOT and self.sees("not") else self._operand()
        while self.next.kind in {"operator", "name"}:
            token = self.next
            negated = token.value == "not" and self.tokens[self.position + 1].value == "in"
            binds = _LEVELS.get("in" if negated else token.value, 0)
            if binds < level or binds == 0:
                break
            self.position += 2 if negated else 1
            if binds == _LEVELS["is"]:
                found = self._test(found)
            elif binds == _LEVELS["*"]:
                self.position -= 1
                found = self._product(found)
            else:
                right = self._binary(binds + 1)
                inside = Binary(found.at, token.value if not negated else "in", found, right)
                found = Unary(token.at, "not", inside) if negated else inside
        return found

    def _negation(self) -> Expression:
        """`not`, which takes hold of the first operand that JavaScript would see behind its `!`."""
        marks = []
        while token := self.accept("not"):
            marks.append(token.at)
        operand = self._binary(_NOT + 1)
        for at in reversed(marks):
            operand = _negated(at, operand)
        return operand

    def _product(self, first: Expression) -> Expression:
        """A chain of `* / // %`: `//` and the `%` beside it stand in a floor of their own."""
        runs: list[tuple[str, list[list[tuple[str, Expression]]]]] = [("", [[("", first)]])]
        while self.sees("*", "/", "//", "%"):
            operator = self.take().value
            operand = self._binary(_LEVELS["**"])
            if operator in {"*", "/"}:
                runs.append((operator, [[("", operand)]]))
            elif operator == "//":
                runs[-1][1].append([("", operand)])
            else:
                runs[-1][1][-1].append((operator, operand))
        found: Expression | None = None
        for operator, segments in runs:
            if len(segments) == 1:
                found = _chained(found, operator, segments[0])
                continue
            floored = _chained(None, "", segments[0])
            for segment in segments[1:]:
                floored = (
                    Binary(floored.at, "//", floored, segment[0][1])
                    if len(segment) == 1
                    else Unary(floored.at, "floor", _chained(floored, "/", segment))
                )
            found = floored if found is None else Binary(found.at, operator, found, floored)
        if found is None:
            raise AssertionError("a chain has a first operand")
        return found

    def _test(self, target: Expression) -> Expression:
        negated = self.accept("not") is not None
        token = self.next
        name = "null" if self.accept("none", "null") else self.name()
        positional: list[Expression] = []
        if self.sees("("):
            positional, _ = self.arguments()
        return Test(token.at, name, target, positional, negated)

    def _operand(self, *, filters: bool = True) -> Expression:
        token = self.next
        if token.kind == "operator" and token.value in {"-", "+"}:
            self.take()
            if self.sees(token.value):
                raise Fault(f"Repeated unparenthesized unary {token.value} is not supported", self.next.at)
            found: Expression = Unary(token.at, token.value, self._operand(filters=False))
        else:
            found = self._followed(self._primary())
        length = 0
        while filters and self.accept("|"):
            found = self._filter(found)
            length = _one_more(length, self.next)
        return found

    def _filter(self, target: Expression) -> Filter:
        found = self.filter()
        found.target = target
        return found

    def filter(self) -> Filter:
        """A filter's name, which may have dots, and its arguments; its target is to be filled in."""
        token = self.next
        name = self.name()
        while self.accept("."):
            name += f".{self.name()}"
        positional, named = self.arguments() if self.sees("(") else ([], [])
        return Filter(token.at, name, Literal(token.at, None), positional, named)

    def _followed(self, found: Expression) -> Expression:
        """Members, subscripts and calls behind a value."""
        length = 0
        while token := self.accept(".", "[", "("):
            length = _one_more(length, token)
            if token.value == ".":
                member = self.next
                found = Member(member.at, found, Literal(member.at, self.name()))
            elif token.value == "[":
                found = self._subscript(found)
            else:
                self.position -= 1
                positional, named = self.arguments()
                found = Call(found.at, found, positional, named)
        return found

    def _subscript(self, target: Expression) -> Expression:
        parts: list[Expression | None] = [None]
        at = self.next.at
        while not self.sees("]"):
            if self.accept(":"):
                parts.append(None)
            elif parts[-1] is None:
                parts[-1] = self.expression()
            else:
                break
        self.expect("]")
        key = parts[0]
        if len(parts) == 1:
            if key is None:
                raise Fault('Unexpected expression token "]"', at)
            if isinstance(key, Literal) and isinstance(key.value, str) and key.value in RESERVED:
                raise Fault(f'Template name "{key.value}" is reserved', key.at)
            return Member(key.at, target, key)
        if len(parts) > 3:
            raise Fault("A slice has at most three parts", at)
        start, stop, step = (*parts, None, None)[:3]
        return Slice(at, target, start, stop, step)

    def arguments(self) -> tuple[list[Expression], list[tuple[str, Expression]]]:
        """What stands in the parentheses of a call."""
        self.expect("(")
        positional: list[Expression] = []
        named: list[tuple[str, Expression]] = []
        while not self.sees(")"):
            if positional or named:
                if not self.sees(","):
                    raise Fault("Expected )", self.next.at)
                self.take()
            following = self.tokens[min(self.position + 1, len(self.tokens) - 1)]
            if self.next.kind == "name" and following.kind == "operator" and following.value == "=":
                name = self.name()
                self.take()
                named.append((name, self.expression()))
            else:
                positional.append(self.expression())
        self.take()
        return positional, named

    def _primary(self) -> Expression:
        token = self.take()
        match token.kind:
            case "string" | "number":
                return Literal(token.at, token.value)
            case "regex":
                return Pattern(token.at, token.value, token.flags)
            case "name":
                if token.value in self.constants:
                    return Literal(token.at, self.constants[token.value])
                if token.value not in _WORDS:
                    return Name(token.at, _allowed(token))
            case "operator" if token.value == "[":
                return ListOf(token.at, list(self._items("]")))
            case "operator" if token.value == "{":
                return DictOf(token.at, list(self._pairs()))
            case "operator" if token.value == "(":
                items = list(self._items(")"))
                if not items:
                    raise Fault("Parenthesized expression cannot be empty", token.at)
                return Group(token.at, items)
        raise Fault(
            f"Unexpected expression token {token if token.kind != 'end' else 'at end of input'}", token.at
        )

    def _items(self, closing: str) -> Iterable[Expression]:
        if self.accept(closing):
            return
        yield self.expression()
        while self.accept(","):
            yield self.expression()
        self.expect(closing)

    def _pairs(self) -> Iterable[tuple[str, Expression]]:
        if self.accept("}"):
            return
        while True:
            key = self.take()
            if key.kind not in {"string", "name"}:
                raise Fault("Dictionary keys must be strings or names", key.at)
            _allowed(key)
            self.expect(":")
            yield key.value, self.expression()
            if not self.accept(","):
                break
        self.expect("}")


def _allowed(token: Token) -> str:
    name: str = token.value
    if name in RESERVED:
        raise Fault(f'Template name "{name}" is reserved', token.at)
    return name


def _one_more(length: int, token: Token) -> int:
    if length >= _CHAIN:
        raise BoundsFault(f"More than {_CHAIN} members or filters behind one value", token.at)
    return length + 1


def _chained(found: Expression | None, operator: str, segment: list[tuple[str, Expression]]) -> Expression:
    first = segment[0][1]
    result = first if found is None else Binary(found.at, operator, found, first)
    for inner, operand in segment[1:]:
        result = Binary(result.at, inner, result, operand)
    return result


def _negated(at: int, operand: Expression) -> Expression:
    """Puts `not` on the leftmost operand of a chain that JavaScript has in line."""
    spine: list[Binary] = []
    first = operand
    while isinstance(first, Binary) and first.operator not in {"in", "**", "//"}:
        spine.append(first)
        first = first.left
    found: Expression = Unary(at, "not", first)
    for outer in reversed(spine):
        outer.left = found
        found = outer
    return found
