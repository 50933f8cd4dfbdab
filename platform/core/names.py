"""Names that are safe where they are used: slugs, DNS labels, paths that stay in their folder."""

import hashlib
import os
import re
import unicodedata
from pathlib import Path
from urllib.parse import unquote

from .errors import InputError


def slug(text: str, limit: int = 63) -> str:
    """Lower-case letters, digits and single dashes; a name that is too long keeps a hash of the whole."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")
    return _cut(words, text, limit) or f"x{_tail(text)}"


def dns_label(text: str, limit: int = 63) -> str:
    """A slug that also begins with a letter, as RFC 1035 asks of a label."""
    label = slug(text, limit)
    return label if label[0].isalpha() else _cut(f"x{label}", text, limit)


def _tail(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _cut(name: str, whole: str, limit: int) -> str:
    return name if len(name) <= limit else f"{name[: limit - 9].rstrip('-')}-{_tail(whole)}"


def confined(root: Path, relative: str) -> Path:
    """The path `relative` below `root`, never outside of it, links followed.

    Raises InputError for an absolute path, a `..`, a NUL, a backslash, the same in percent encoding, and for a
    link on the way that leaves the folder.
    """
    decoded = unquote(relative)
    for text in {relative, decoded}:
        parts = text.split("/")
        if "\0" in text or "\\" in text or text.startswith(("/", "~")) or ".." in parts:
            raise InputError(f"path {relative!r} leaves its folder: use a relative path without '..'")
    base = Path(os.path.realpath(root))
    target = Path(os.path.realpath(base / relative))
    if target != base and base not in target.parents:
        raise InputError(
            f"path {relative!r} leaves its folder through a link: replace the link by what it points to"
        )
    return base / relative
