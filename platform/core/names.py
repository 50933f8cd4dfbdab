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
    return Confined(root)(relative)


class Confined:
    """`confined` for many paths below one root: each folder on the way is looked at once, so nobody else may change it meanwhile."""

    def __init__(self, root: Path) -> None:
        self._base = os.path.realpath(root)
        self._real: dict[str, str] = {}

    def __call__(self, relative: str) -> Path:
        """The path below the root; errors as `confined` tells."""
        for text in {relative, unquote(relative)}:
            parts = text.split("/")
            if "\0" in text or "\\" in text or text.startswith(("/", "~")) or ".." in parts:
                raise InputError(f"path {relative!r} leaves its folder: use a relative path without '..'")
        place = f"{self._base}/{relative}"
        folder, _, name = place.rpartition("/")
        if folder not in self._real:
            self._real[folder] = os.path.realpath(folder)
        real = f"{self._real[folder]}/{name}"
        if name in ("", ".") or os.path.islink(real):  # noqa: PTH114 - a Path per file costs
            real = os.path.realpath(place)
        if not f"{real}/".startswith(f"{self._base}/"):
            raise InputError(
                f"path {relative!r} leaves its folder through a link: replace the link by what it points to"
            )
        return Path(place)
