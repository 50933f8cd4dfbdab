"""Cuts what stands between two delimiters into tokens, and finds where it ends."""

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from .errors import Fault
from .values import Value, number

Kind: TypeAlias = Literal["name", "number", "string", "regex", "operator", "end"]

RESERVED: Final = frozenset({"constructor", "__proto__", "prototype"})
"""Names that no template may write."""

_NAME = re.compile(r"[^\W\d]\w*|\$[\w$]*")
_NUMBER = re.compile(r"\d+(\.\d*)?")
_OPERATOR = re.compile(r"===|!==|==|!=|<=|>=|//|\*\*|[-+*/%~<>=|.,:()\[\]{}]")
_SPACE = re.compile(r"\s+")
_STRING = {quote: re.compile(rf"{quote}((?:[^{quote}\\]|\\.)*){quote}", re.DOTALL) for quote in "'\""}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_REGEX = re.compile(r"r/((?:[^/\\\n]|\\.)+)/([A-Za-z]*)")


@dataclass(frozen=True, slots=True)
class Token:
    """One word of the language. `value` is what it means: a name, a number, a text, an operator."""

    kind: Kind
    value: Value
    at: int
    flags: str = ""

    def __str__(self) -> str:
        return "end of input" if self.kind == "end" else f'"{self.value}"'


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one tag, the last of kind `end`; where the text goes on; whether blanks after it go."""

    tokens: list[Token]
    after: int
    trims: bool


def cut(source: str, start: int, closing: str) -> Tokens | None:
    """The tokens from `start` up to the closing delimiter; None when it never comes."""
    tokens: list[Token] = []
    at = start
    while at < len(source):
        if space := _SPACE.match(source, at):
            at = space.end()
            continue
        for mark, trims in ((f"-{closing}", True), (closing, False)):
            if source.startswith(mark, at):
                tokens.append(Token("end", "", at))
                return Tokens(tokens, at + len(mark), trims)
        token, at = _token(source, at)
        if token is None:
            return None
        tokens.append(token)
    return None


def _token(source: str, at: int) -> tuple[Token | None, int]:
    character = source[at]
    if character in _STRING:
        string = _STRING[character].match(source, at)
        if string is None:
            return None, at
        text = _ESCAPE.sub(lambda escape: _ESCAPED.get(escape[1], escape[1]), string[1])
        return Token("string", text, at), string.end()
    if source.startswith("r/", at):
        return _regex(source, at)
    if name := _NAME.match(source, at):
        return Token("name", name[0], at), name.end()
    if digits := _NUMBER.match(source, at):
        if _NAME.match(source, digits.end()):
            raise Fault("Invalid numeric literal", at)
        return Token("number", number(float(digits[0])), at), digits.end()
    if operator := _OPERATOR.match(source, at):
        if operator[0] == "." and _NUMBER.match(source, at + 1) and not _follows_value(source, at):
            raise Fault("Invalid numeric literal", at)
        return Token("operator", operator[0], at), operator.end()
    raise Fault(f'Unexpected character "{character}"', at)


def _follows_value(source: str, at: int) -> bool:
    before = source[at - 1] if at else " "
    return before.isalnum() or before in "_)]}'\""


def _regex(source: str, at: int) -> tuple[Token | None, int]:
    pattern = _REGEX.match(source, at)
    if pattern is None:
        raise Fault("Invalid regular-expression literal", at)
    if set(pattern[2]) - set("gimy") or len(set(pattern[2])) < len(pattern[2]):
        raise Fault("Unsupported regular-expression flag", at)
    return Token("regex", pattern[1], at, pattern[2]), pattern.end()
