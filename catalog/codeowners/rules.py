"""A CODEOWNERS file → rules, and the rules that hold for a path: pure.

GitHub (docs.github.com, "About code owners"): patterns as in `.gitignore`, the last one that fits wins; one without owners
leaves the path to nobody. GitLab (docs.gitlab.com, "CODEOWNERS syntax"): sections `[Name]`, `^[Optional]`, `[Name][2] @default`;
in each the last one that fits wins, and all sections' owners count; `!pattern` takes paths out of a section.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from catalog.codeowners.globs import ANY_FOLDERS, path_fits

LARGEST = 3 * 1024 * 1024
"""Bytes; GitHub reads no larger file."""
MOST_RULES = 20_000


class Syntax(Enum):
    """Whose rules; each host looks in these places, the first file counts."""

    GITHUB = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
    GITLAB = ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: patterns any of which fits, the owners as written ("@acme/team", "@ana", "ana@example.com")."""

    line: int
    section: str
    patterns: tuple[tuple[str, ...], ...]
    owners: tuple[str, ...]
    excludes: bool = False

    def fits(self, path: Sequence[str]) -> bool:
        return any(path_fits(pattern, path) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who owns a path, and the lines that say so."""

    owners: tuple[str, ...] = ()
    lines: tuple[int, ...] = ()


def read_rules(text: str, syntax: Syntax) -> list[Rule]:
    """The rules of a file; lines that nobody understands are passed over, as the hosts do."""
    rules: list[Rule] = []
    section, defaults = "", tuple[str, ...]()
    for number, line in enumerate(text.splitlines(), start=1):
        words = _words(line)
        if not words or len(rules) >= MOST_RULES:
            continue
        if syntax is Syntax.GITLAB and (found := _section(line)) is not None:
            section, rest = found
            defaults = _owners(_words(rest))
            continue
        pattern, owners = words[0], _owners(words[1:])
        excludes = syntax is Syntax.GITLAB and pattern.startswith("!")
        patterns = _patterns(pattern.removeprefix("!") if excludes else pattern, syntax)
        rules.append(Rule(number, section.lower(), patterns, owners or defaults, excludes))
    return rules


def owners_of(path: str, rules: Sequence[Rule]) -> Verdict:
    """Who owns a file by these rules."""
    segments = [segment for segment in path.split("/") if segment]
    last: dict[str, Rule] = {}
    taken_out: set[str] = set()
    for rule in rules:
        if rule.section in taken_out or not rule.fits(segments):
            continue
        if rule.excludes:
            taken_out.add(rule.section)
        else:
            last[rule.section] = rule
    decided = [rule for section, rule in last.items() if section not in taken_out]
    owners = dict.fromkeys(owner for rule in decided for owner in rule.owners)
    return Verdict(tuple(owners), tuple(rule.line for rule in decided))


def _words(line: str) -> list[str]:
    """A line's words up to its comment; a backslash keeps a space or a '#' in a word."""
    words, word, escaped = [], "", False
    for character in line.strip():
        if escaped:
            word += character if character in " #" else f"\\{character}"
            escaped = False
        elif character == "\\":
            escaped = True
        elif character.isspace() or (character == "#" and not word):
            words.append(word)
            word = ""
            if character == "#":
                break
        else:
            word += character
    return [word for word in [*words, word] if word]


def _section(line: str) -> tuple[str, str] | None:
    """`^[Name][2] @default` → ("Name", " @default"); None for any other line."""
    text = line.strip().removeprefix("^")
    name, closed, rest = text.removeprefix("[").partition("]")
    if not text.startswith("[") or not closed or not name.strip():
        return None
    count, counted, after = rest.removeprefix("[").partition("]")
    if rest.startswith("[") and counted and count.isdecimal():
        rest = after
    return name.strip(), rest


def _owners(words: Sequence[str]) -> tuple[str, ...]:
    """Words that name somebody. GitLab's roles (`@@maintainer`) name nobody whom the catalog knows."""
    return tuple(
        word for word in words if "@" in word.strip("@") or (word[0] == "@" and word[1:2] not in {"", "@"})
    )


def _patterns(text: str, syntax: Syntax) -> tuple[tuple[str, ...], ...]:
    """A line's pattern as whole paths: where it may begin, and what lies below it."""
    anchored = text.startswith("/") or (syntax is Syntax.GITHUB and "/" in text.rstrip("/"))
    folder = text.endswith("/")
    segments = tuple(segment for segment in text.split("/") if segment)
    begun = segments if anchored else (ANY_FOLDERS, *segments)
    if folder:
        return ((*begun, ANY_FOLDERS, "*"),)
    # On GitHub a name may be a folder's, and means all in it; `docs/*` stays with the files right there.
    if syntax is Syntax.GITHUB and segments and segments[-1] != "*":
        return (begun, (*begun, ANY_FOLDERS, "*"))
    return (begun,)


def places(syntax: Syntax) -> Iterator[str]:
    """Where a host looks for the file, in its order."""
    yield from syntax.value
