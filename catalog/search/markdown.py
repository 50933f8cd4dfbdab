"""A Markdown file → its title and its text, without the marks; for finding, not for showing."""

import re
from collections.abc import Iterable
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

_LONGEST = 60_000
"""Characters of a file that are looked at; more than is kept of a page in any case."""
_READER = MarkdownIt("commonmark").enable("table")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_TITLE = re.compile(r"^title:[ \t]*(.+?)[ \t]*$", re.MULTILINE)


def read(source: str) -> tuple[str, str]:
    """Title and text. The title is that of the front matter, else the first heading, else empty."""
    source = source[:_LONGEST].replace("\r\n", "\n")
    title = ""
    if matter := _FRONT_MATTER.match(source):
        said = _TITLE.search(matter[1] or "")
        title = said[1].strip("\"'") if said else ""
        source = source[matter.end() :]
    tokens = _READER.parse(source)
    if not title:
        headings = (after for one, after in pairwise(tokens) if one.type == "heading_open")
        title = next((_said(heading.children or ()) for heading in headings), "")
    pieces = (
        _said(token.children or ()) if token.type == "inline" else token.content
        for token in tokens
        if token.type in {"inline", "fence", "code_block"}
    )
    return _tidy(title), _tidy(" ".join(pieces))


def _said(children: Iterable[Token]) -> str:
    """The text of a paragraph or heading: of links and pictures what they are called, of HTML nothing."""
    text = ""
    for child in children:
        if child.type in {"text", "code_inline", "image"}:
            text += child.content
        elif child.type in {"softbreak", "hardbreak"}:
            text += " "
    return text


def _tidy(text: str) -> str:
    return " ".join(text.replace("\x00", "\ufffd").split())
