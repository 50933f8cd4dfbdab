"""Cuts a template into text, output tags and block tags, with the blanks and line ends around them."""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .errors import Fault
from .tokens import Token, cut

Kind: TypeAlias = Literal["text", "output", "tag"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How tags look and what becomes of the blanks around them."""

    cookiecutter_compat: bool = False
    """Output tags are `{{ … }}`, and Python's names for some methods and constants work."""
    trim_blocks: bool = False
    """The line end after a block tag goes."""
    lstrip_blocks: bool = False
    """The blanks before a block tag go when nothing else stands before it on its line."""

    @property
    def opening(self) -> str:
        """How an output tag begins."""
        return "{{" if self.cookiecutter_compat else "${{"

    def is_plain(self, source: str) -> bool:
        """Whether there is nothing to render in the text."""
        return not (self.opening in source or "{%" in source or "{#" in source)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a template at its place: its text, or the tokens of its tag."""

    kind: Kind
    at: int
    text: str
    tokens: list[Token]


_RAW = {
    name: re.compile(rf"\{{%-?\s*(?:(?P<open>{name})|end{name})\s*(?P<trim>-?)%\}}")
    for name in ("raw", "verbatim")
}
_BLANK_TAIL = re.compile(r"(?:^|(?<=\n))[^\S\n]+\Z")


def scan(source: str, dialect: Dialect) -> list[Piece]:
    """All pieces of a template in order. Raises Fault for a tag that does not end."""
    return _Scanner(source, dialect).pieces()


class _Scanner:
    def __init__(self, source: str, dialect: Dialect) -> None:
        self.source = source
        self.dialect = dialect
        self.found: list[Piece] = []
        self.at = 0
        self.strips_next = False
        self.trims_line_end = False

    def pieces(self) -> list[Piece]:
        opening = self.dialect.opening
        marks = re.compile(rf"{re.escape(opening)}|\{{%|\{{#")
        while mark := marks.search(self.source, self.at):
            if mark[0] == "{#":
                self._comment(mark.start())
            elif mark[0] == "{%":
                self._tag(mark.start())
            else:
                self._output(mark.start())
        self._text(len(self.source))
        return self.found

    def _text(self, end: int, *, strips: bool = False, blanks: bool = False) -> None:
        """The text up to a tag. strips: the tag begins with a dash; blanks: a block tag under lstrip."""
        start = self.at
        text = self.source[start:end]
        if self.strips_next:
            text = text.lstrip()
        elif self.trims_line_end:
            text = text.removeprefix("\r\n") if text.startswith("\r\n") else text.removeprefix("\n")
        self.strips_next = self.trims_line_end = False
        if strips:
            text = text.rstrip()
        elif blanks and (tail := _BLANK_TAIL.search(text)) and self._begins_line(end - len(tail[0])):
            text = text[: tail.start()]
        if text:
            self.found.append(Piece("text", start, text, []))

    def _begins_line(self, at: int) -> bool:
        return at == 0 or self.source[at - 1] == "\n"

    def _inner(self, start: int, opening: str) -> tuple[int, bool]:
        inner = start + len(opening)
        dashed = self.source.startswith("-", inner)
        return inner + dashed, dashed

    def _comment(self, start: int) -> None:
        inner, strips = self._inner(start, "{#")
        end = self.source.find("#}", inner)
        if end < 0:
            raise Fault("Unterminated comment tag", start)
        self._text(start, strips=strips)
        self.at = end + 2
        self.strips_next = self.source[end - 1] == "-" and end > inner

    def _output(self, start: int) -> None:
        inner, strips = self._inner(start, self.dialect.opening)
        tokens = cut(self.source, inner, "}}")
        if tokens is None:
            raise Fault("Unterminated variable tag", start)
        self._text(start, strips=strips)
        self.found.append(Piece("output", start, "", tokens.tokens))
        self.at, self.strips_next = tokens.after, tokens.trims

    def _tag(self, start: int) -> None:
        inner, strips = self._inner(start, "{%")
        tokens = cut(self.source, inner, "%}")
        if tokens is None:
            raise Fault("Unterminated block tag", start)
        self._text(start, strips=strips, blanks=self.dialect.lstrip_blocks)
        self.at = tokens.after
        name = tokens.tokens[0].value
        if len(tokens.tokens) == 2 and name in _RAW:
            self._raw(start, name, strips=tokens.trims)
            return
        self.strips_next, self.trims_line_end = tokens.trims, self.dialect.trim_blocks
        self.found.append(Piece("tag", start, "", tokens.tokens))

    def _raw(self, start: int, name: str, *, strips: bool) -> None:
        """The text of a raw block, which may hold such blocks itself."""
        depth = 1
        for mark in _RAW[name].finditer(self.source, self.at):
            depth += 1 if mark["open"] else -1
            if depth == 0:
                break
        else:
            raise Fault(f'Missing "end{name}" tag', start)
        text = self.source[self.at : mark.start()]
        text = text.lstrip() if strips else text
        text = text.rstrip() if mark[0].startswith("{%-") else text
        if text:
            self.found.append(Piece("text", self.at, text, []))
        self.at = mark.end()
        self.strips_next = bool(mark["trim"])
        self.trims_line_end = self.dialect.trim_blocks
