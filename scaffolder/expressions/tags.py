"""Reads a whole template: its pieces into statements, blocks into their bodies."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from .errors import BoundsFault, Fault
from .grammar import Grammar
from .scanner import Dialect, Piece, scan
from .syntax import (
    Block,
    Body,
    Call,
    CallBlock,
    Expression,
    FilterBlock,
    For,
    If,
    Macro,
    Member,
    Name,
    Output,
    Set,
    Statement,
    Switch,
    Text,
)

_NESTED: Final = 40
"""Blocks in blocks, and parentheses in parentheses."""
_LOADING: Final = frozenset({"include", "extends", "import", "from"})
_MUTATING: Final = frozenset(
    [
        "push",
        "pop",
        "shift",
        "unshift",
        "splice",
        "sort",
        "reverse",
        "fill",
        "copyWithin",
        "append",
        "insert",
        "remove",
        "extend",
    ]
)
_INNER: Final = frozenset(["elif", "elseif", "else", "case", "default"])


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template."""

    body: Body
    mutates: bool
    """Whether it may change a list that it was given, by the names of the methods that it calls."""

    @property
    def sole(self) -> Expression | None:
        """The expression, when the template is exactly one output tag."""
        if len(self.body) == 1 and isinstance(self.body[0], Output):
            return self.body[0].value
        return None


def parse(source: str, dialect: Dialect) -> Template:
    """A template's source as statements. Raises Fault at what does not fit."""
    if len(source) > 20_000:  # a big one is not worth its place in memory
        return _parse(source, dialect)
    return _parse_cached(source, dialect)


def _parse(source: str, dialect: Dialect) -> Template:
    reader = _Reader(scan(source, dialect), python_names=dialect.cookiecutter_compat)
    body, _ = reader.body(None, frozenset())
    return Template(body, any(name in source for name in _MUTATING))


_parse_cached = lru_cache(maxsize=1024)(_parse)


class _Reader:
    def __init__(self, pieces: list[Piece], *, python_names: bool) -> None:
        self.pieces = pieces
        self.position = 0
        self.depth = 0
        self.python_names = python_names
        self.readers: dict[str, Callable[[Piece, Grammar], Statement]] = {
            "if": self._if,
            "for": self._for,
            "set": self._set,
            "macro": self._macro,
            "call": self._call,
            "filter": self._filter,
            "switch": self._switch,
            "block": self._block,
        }

    def body(self, opening: Piece | None, ends: frozenset[str]) -> tuple[Body, Piece | None]:
        """Statements up to one of the tags in `ends`, and that tag."""
        self.depth += 1
        if opening is not None and self.depth > _NESTED:
            raise BoundsFault(f"Blocks are nested more than {_NESTED} deep", opening.at)
        found: Body = []
        while self.position < len(self.pieces):
            piece = self.pieces[self.position]
            self.position += 1
            if piece.kind == "text":
                found.append(Text(piece.at, piece.text))
            elif piece.kind == "output":
                found.append(Output(piece.at, self._grammar(piece, 0).whole()))
            elif (name := _tag_name(piece)) in ends:
                self.depth -= 1
                return found, piece
            else:
                found.append(self._statement(piece, name, ends))
        if opening is not None:
            missing = next(end for end in sorted(ends) if end.startswith("end"))
            raise Fault(f"Missing {missing} tag", opening.at)
        return found, None

    def _grammar(self, piece: Piece, skip: int = 1) -> Grammar:
        return Grammar(piece.tokens[skip:], depth=_NESTED, python_names=self.python_names)

    def _statement(self, piece: Piece, name: str, ends: frozenset[str]) -> Statement:
        if name in _LOADING:
            raise Fault(f'Unsupported template-loading tag "{name}"', piece.at)
        if name in _INNER or (name.startswith("end") and name[3:] in {*self.readers, "raw", "verbatim"}):
            if ends:
                *others, last = (
                    f'"{end}"' for end in sorted(ends, key=lambda end: (end.startswith("end"), end))
                )
                wanted = f"{', '.join(others)}, or {last}" if others else last
                raise Fault(f'Unexpected "{name}" tag; expected {wanted}', piece.at)
            raise Fault(f'Unexpected "{name}" tag without a matching opening tag', piece.at)
        reader = self.readers.get(name)
        if reader is None:
            raise Fault(f'Unknown template tag "{name}"', piece.at)
        return reader(piece, self._grammar(piece))

    def _if(self, piece: Piece, grammar: Grammar) -> If:
        branches: list[tuple[Expression, Body]] = []
        condition = grammar.whole()
        while True:
            body, closing = self.body(piece, frozenset({"elif", "elseif", "else", "endif"}))
            branches.append((condition, body))
            if closing is None or _tag_name(closing) in {"else", "endif"}:
                break
            condition = self._grammar(closing).whole()
        otherwise: Body = []
        if closing is not None and _tag_name(closing) == "else":
            otherwise, _ = self.body(piece, frozenset({"endif"}))
        return If(piece.at, branches, otherwise)

    def _for(self, piece: Piece, grammar: Grammar) -> For:
        targets = [grammar.name()]
        while grammar.accept(","):
            targets.append(grammar.name())
        if not grammar.accept("in"):
            raise Fault("For tag requires an in expression", piece.at)
        source = grammar.whole()
        body, closing = self.body(piece, frozenset({"else", "endfor"}))
        otherwise: Body = []
        if closing is not None and _tag_name(closing) == "else":
            otherwise, _ = self.body(piece, frozenset({"endfor"}))
        return For(piece.at, targets, source, body, otherwise)

    def _set(self, piece: Piece, grammar: Grammar) -> Set:
        targets = [grammar.name()]
        while grammar.accept(","):
            targets.append(grammar.name())
        if grammar.accept("="):
            return Set(piece.at, targets, grammar.whole(), [])
        grammar.end()
        body, _ = self.body(piece, frozenset({"endset"}))
        return Set(piece.at, targets, None, body)

    def _macro(self, piece: Piece, grammar: Grammar) -> Macro:
        name = grammar.name()
        if not grammar.sees("("):
            raise Fault("Invalid macro signature", piece.at)
        parameters = self._parameters(piece, grammar)
        grammar.end()
        body, _ = self.body(piece, frozenset({"endmacro"}))
        return Macro(piece.at, name, parameters, body)

    def _parameters(self, piece: Piece, grammar: Grammar) -> list[tuple[str, Expression | None]]:
        positional, named = grammar.arguments()
        parameters: list[tuple[str, Expression | None]] = []
        for argument in positional:
            if not isinstance(argument, Name):
                raise Fault("Invalid macro signature", piece.at)
            parameters.append((argument.name, None))
        return [*parameters, *named]

    def _call(self, piece: Piece, grammar: Grammar) -> CallBlock:
        parameters = self._parameters(piece, grammar) if grammar.sees("(") else []
        call = grammar.whole()
        if not isinstance(call, Call) or not isinstance(call.callee, Name | Member):
            raise Fault("Call blocks can target only template macros", piece.at)
        body, _ = self.body(piece, frozenset({"endcall"}))
        return CallBlock(piece.at, call, Macro(piece.at, "caller", parameters, body))

    def _filter(self, piece: Piece, grammar: Grammar) -> FilterBlock:
        wanted = grammar.filter()
        grammar.end()
        body, _ = self.body(piece, frozenset({"endfilter"}))
        return FilterBlock(piece.at, wanted, body)

    def _switch(self, piece: Piece, grammar: Grammar) -> Switch:
        value = grammar.whole()
        ends = frozenset({"case", "default", "endswitch"})
        before, tag = self.body(piece, ends)
        if any(not isinstance(statement, Text) or statement.text.strip() for statement in before):
            raise Fault("Switch content must begin with case or default", piece.at)
        cases: list[tuple[Expression | None, Body]] = []
        while tag is not None and _tag_name(tag) != "endswitch":
            wanted = self._grammar(tag).whole() if _tag_name(tag) == "case" else None
            body, tag = self.body(piece, ends)
            cases.append((wanted, body))
        if not cases:
            raise Fault("Switch requires at least one case or default", piece.at)
        return Switch(piece.at, value, cases)

    def _block(self, piece: Piece, grammar: Grammar) -> Block:
        if grammar.next.kind == "end":
            raise Fault("Unexpected expression token at end of input", grammar.next.at)
        name = grammar.name()
        grammar.end()
        body, _ = self.body(piece, frozenset({"endblock"}))
        return Block(piece.at, name, body)


def _tag_name(piece: Piece) -> str:
    token = piece.tokens[0]
    if token.kind != "name":
        raise Fault("Template block tag cannot be empty", piece.at)
    name: str = token.value
    return name
