"""JavaScript's regular expressions on Python's engine, refused where they could take for ever.

Python's engine backtracks and cannot be interrupted, so a pattern is judged before it runs: a repeat inside
a repeat is refused, and the more unbounded repeats can fail after one another, the shorter the text may be.
"""

import re
import warnings
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

from .bounds import Meter
from .errors import BoundsFault, Fault
from .values import UNDEFINED, Value

kinds: Any = import_module("re._constants")
parser: Any = import_module("re._parser")
"""The standard library's own reading of a pattern: it has no public name, and is the same in 3.11 to 3.13."""

_LONGEST_PATTERN: Final = 1_000
_MOST_WORK: Final = 100_000_000
_GROUP_NAME = re.compile(r"\(\?<(?![=!])")
_NAMED_REFERENCE = re.compile(r"\\k<(\w+)>")
_REPLACEMENT = re.compile(r"\$(\$|&|`|'|\d{1,2}|<\w+>)")
_FOREIGN: Final = (kinds.ATOMIC_GROUP, kinds.POSSESSIVE_REPEAT, kinds.GROUPREF_EXISTS)
"""What Python's patterns have and JavaScript's do not."""
_REPEATS: Final = (kinds.MAX_REPEAT, kinds.MIN_REPEAT)


class Regex:
    """A pattern with its flags. Raises Fault when it is not valid, BoundsFault when it is not safe to run."""

    __slots__ = ("body", "compiled", "degree", "flags")

    def __init__(self, body: str, flags: str) -> None:
        self.body = body
        self.flags = flags
        self.compiled, self.degree = _compiled(body, flags)

    def __str__(self) -> str:
        return f"/{self.body}/{self.flags}"

    def allow(self, text: str, meter: Meter) -> None:
        """Refuse a text that is too long for this pattern."""
        work = len(text) ** max(self.degree, 1) if len(text) < _MOST_WORK else _MOST_WORK + 1
        if work > _MOST_WORK:
            raise BoundsFault(
                f"a text of {len(text)} characters is too long for the pattern {self}: cut it first"
            )
        meter.spend(work >> 10)

    def test(self, text: str, meter: Meter) -> bool:
        """Whether the text holds a match."""
        self.allow(text, meter)
        return self.compiled.search(text) is not None

    def replace(self, text: str, replacement: str, meter: Meter, *, everywhere: bool | None = None) -> str:
        """Text with the first match replaced, under the flag g all; `$1`, `$&`, `$<name>` work."""
        self.allow(text, meter)
        room = meter.bounds.output

        def put(found: re.Match[str]) -> str:
            nonlocal room
            piece = expanded(replacement, found)
            meter.spend(1 + (len(piece) >> 8))
            room -= len(piece)
            if room < 0:
                meter.text(meter.bounds.output + 1)
            return piece

        every = "g" in self.flags if everywhere is None else everywhere
        return self.compiled.sub(put, text, count=0 if every else 1)

    def match(self, text: str, meter: Meter) -> Value:
        """All matches under the flag g; else the first with its groups; null when there is none."""
        self.allow(text, meter)
        if "g" in self.flags:
            found = [match[0] for match in self.compiled.finditer(text)]
            meter.items(len(found))
            return found or None
        first = self.compiled.search(text)
        if first is None:
            return None
        return [first[0], *(UNDEFINED if group is None else group for group in first.groups())]

    def split(self, text: str, meter: Meter) -> list[Value]:
        """The text cut at each match; groups go into the result."""
        self.allow(text, meter)
        meter.items(len(text) * (1 + self.compiled.groups))
        parts: list[Value] = []
        start = 0
        for found in self.compiled.finditer(text):
            if found.end() == found.start() and (found.start() in {0, len(text)}):
                continue
            parts += [
                text[start : found.start()],
                *(UNDEFINED if group is None else group for group in found.groups()),
            ]
            start = found.end()
        return [*parts, text[start:]]


def expanded(replacement: str, found: re.Match[str]) -> str:
    """The replacement of one match, its `$` references filled in."""
    if "$" not in replacement:
        return replacement

    def put(reference: re.Match[str]) -> str:
        name = reference[1]
        match name[0]:
            case "$":
                return "$"
            case "&":
                return found[0]
            case "`":
                return found.string[: found.start()]
            case "'":
                return found.string[found.end() :]
            case "<":
                groups = found.groupdict()
                return (groups.get(name[1:-1]) or "") if groups else reference[0]
        for digits in (name, name[:1]):
            if 0 < int(digits) <= len(found.groups()):
                return (found[int(digits)] or "") + name[len(digits) :]
        return reference[0]

    return _REPLACEMENT.sub(put, replacement)


@lru_cache(maxsize=256)
def _compiled(body: str, flags: str) -> tuple[re.Pattern[str], int]:
    if len(body) > _LONGEST_PATTERN:
        raise BoundsFault(f"a regular expression is longer than {_LONGEST_PATTERN} characters")
    python = _NAMED_REFERENCE.sub(r"(?P=\1)", _GROUP_NAME.sub("(?P<", body))
    if "m" not in flags:
        python = _end_is_end(python)
    options = (re.IGNORECASE if "i" in flags else 0) | (re.MULTILINE if "m" in flags else 0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            compiled = re.compile(python, options)
            tree = parser.parse(python, options)
    except (re.error, OverflowError, RecursionError) as error:
        raise Fault("Invalid regular-expression literal") from error
    anchored = bool(tree.data) and tree.data[0] == (kinds.AT, kinds.AT_BEGINNING) and "m" not in flags
    return compiled, _degree(tree.data, f"/{body}/{flags}") + (0 if anchored else 1)


def _end_is_end(body: str) -> str:
    r"""JavaScript's `$` is the very end; Python's also stands before a last newline, its `\Z` does not."""
    found = []
    in_class = escaped = False
    for character in body:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character in "[]":
            in_class = character == "["
        elif character == "$" and not in_class:
            found.append(r"\Z")
            continue
        found.append(character)
    return "".join(found)


def _degree(items: list[tuple[Any, Any]], name: str) -> int:
    """How many unbounded repeats can give back in turn when what follows them does not fit."""
    degree = 0
    for place, (kind, argument) in enumerate(items):
        if kind in _REPEATS:
            low, high, inner = argument
            if high == kinds.MAXREPEAT or high - low > 100:
                if _has_repeat(inner.data):
                    raise BoundsFault(
                        f"the pattern {name} repeats a repeat, which may take for ever: unfold it"
                    )
                degree += 1 if place + 1 < len(items) else 0
            elif high * max(_degree(inner.data, name), 1 if _has_repeat(inner.data) else 0) > 3:
                raise BoundsFault(f"the pattern {name} repeats a repeat, which may take for ever: unfold it")
            else:
                degree += high * _degree(inner.data, name)
        elif kind is kinds.BRANCH:
            degree += max(_degree(branch.data, name) for branch in argument[1])
        elif kind is kinds.SUBPATTERN:
            following = place + 1 < len(items)
            degree += _degree(argument[3].data, name) + (
                1 if following and _ends_in_repeat(argument[3].data) else 0
            )
        elif kind in {kinds.ASSERT, kinds.ASSERT_NOT}:
            degree += _degree(argument[1].data, name) + 1
        elif kind is kinds.GROUPREF:
            degree += 1
        elif kind in _FOREIGN:
            raise Fault("Invalid regular-expression literal")
    return degree


def _has_repeat(items: list[tuple[Any, Any]]) -> bool:
    """Whether a body can match one text in more than one way: it holds a repeat or a branch."""
    for kind, argument in items:
        if kind is kinds.BRANCH:
            return True
        if kind in _REPEATS and argument[0] != argument[1]:
            return True
        if kind in _REPEATS and _has_repeat(argument[2].data):
            return True
        if kind is kinds.SUBPATTERN and _has_repeat(argument[3].data):
            return True
    return False


def _ends_in_repeat(items: list[tuple[Any, Any]]) -> bool:
    return bool(items) and items[-1][0] in _REPEATS
