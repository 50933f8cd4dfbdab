"""CODEOWNERS patterns against paths, without regular expressions: a stranger's pattern must not cost more than its length.

A pattern is a tuple of segments; the segment `**` stands for any number of folders. Both loops go back to the last star
only, which is enough and keeps them at length times length.
"""

from collections.abc import Sequence

ANY_FOLDERS = "**"


def path_fits(pattern: Sequence[str], path: Sequence[str]) -> bool:
    """Whether all of a path fits all of a pattern."""
    at = here = 0
    star, behind = -1, 0
    while here < len(path):
        if at < len(pattern) and pattern[at] == ANY_FOLDERS:
            star, behind = at, here
            at += 1
        elif at < len(pattern) and name_fits(pattern[at], path[here]):
            at, here = at + 1, here + 1
        elif star >= 0:
            behind += 1
            at, here = star + 1, behind
        else:
            return False
    return all(segment == ANY_FOLDERS for segment in pattern[at:])


def name_fits(pattern: str, name: str) -> bool:
    """Whether a file's or folder's name fits a segment: `*` any characters, `?` one, `\\x` the character itself."""
    parts = _parts(pattern)
    at = here = 0
    star, behind = -1, 0
    while here < len(name):
        if at < len(parts) and parts[at] == "*":
            star, behind = at, here
            at += 1
        elif at < len(parts) and parts[at] in {"?", "\\" + name[here]}:
            at, here = at + 1, here + 1
        elif star >= 0:
            behind += 1
            at, here = star + 1, behind
        else:
            return False
    return all(part == "*" for part in parts[at:])


def _parts(pattern: str) -> list[str]:
    """The pattern's characters: "*" and "?" for the wildcards, "\\x" for a plain x."""
    found, escaped = [], False
    for character in pattern:
        if escaped or character not in {"*", "?", "\\"}:
            found.append("\\" + character)
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            found.append(character)
    return found
