"""Text → the words by which it is found: one rule for what is indexed, what is asked and what is highlighted.

PostgreSQL's own parser takes `orders.db` for a host and `/a/b` for a file, cuts no Chinese, and differs by
configuration. So words are cut here, and the database gets them ready: as a `tsvector` and as a `tsquery`.
"""

import re
import unicodedata
from collections.abc import Iterator

LONGEST = 64
"""Characters of a word that count: two longer ones that begin alike are one word."""

_PLAIN = re.compile(r"[a-z0-9]+[+#]*")  # "c++" and "c#" are words, "_" parts them
# Letters and digits of any script, with the marks that stand on them; a picture is a word of its own.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0966-\u109f\u1780-\u17ff"
_PICTURES = "\u2600-\u27bf\U0001f300-\U0001faff"
_ANY = re.compile(rf"(?:[^\W_]|[{_MARKS}])+[+#]*|[{_PICTURES}]")
_EMAIL = re.compile(r"[\w.+-]+@[\w.-]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
# Scripts written without spaces: Thai, Lao, Burmese, Khmer, Japanese, Chinese.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_SILENT = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]")


def fold(text: str) -> str:
    """The text without what people do not type alike: letter case, accents, full-width and joined forms."""
    if text.isascii():
        return text.lower()
    bare = _SILENT.sub("", unicodedata.normalize("NFKD", text.casefold()))
    return unicodedata.normalize("NFC", bare)


def words(text: str) -> list[str]:
    """The words of a text, folded, in order. A mail address is one word, and its name's words beside it."""
    folded = fold(text)
    addresses: list[str] = []
    if "@" in folded:
        addresses = [found.strip(".-") for found in _EMAIL.findall(folded)]
        folded = _EMAIL.sub(lambda found: found[0].partition("@")[0], folded)
    if folded.isascii():
        found = _PLAIN.findall(folded)
    else:
        found = [word for run in _ANY.findall(folded) for word in _parts(run)]
    found += addresses
    return found if len(text) <= LONGEST else [word[:LONGEST] for word in found]


def name_words(name: str) -> list[str]:
    """The words of a name: those of a text, and the parts of `camelCase`."""
    whole = words(name)
    if _CAMEL.search(name):
        whole += [word for word in words(_CAMEL.sub(" ", name)) if word not in whole]
    return whole


def spans(text: str) -> Iterator[tuple[int, int, list[str]]]:
    """Where words stand in a text as it is written: begin, end, and the words that lie there."""
    pattern = re.compile(rf"{_EMAIL.pattern}|{_ANY.pattern}") if "@" in text else _ANY
    for found in pattern.finditer(text):
        yield found.start(), found.end(), words(found[0])


def _parts(run: str) -> list[str]:
    """One run of letters → its words. What is written without spaces is cut into overlapping pairs."""
    unspaced = _UNSPACED.search(run)
    if unspaced is None:
        return [run]
    begin, end = unspaced.span()
    text = run[begin:end]
    pairs = [text[at : at + 2] for at in range(len(text) - 1)]
    before = [run[:begin]] if begin else []
    after = _parts(run[end:]) if end < len(run) else []
    return [*before, *pairs, text[-1], *after]
