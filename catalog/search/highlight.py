"""Where the words of a search stand in a result: marked by tags that no text can hold, never as HTML."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalog.search.words import spans

_LONGEST = 35
"""Words of a text that are shown."""
_BEFORE = 5
"""Words shown before the first one that was found, in a longer text."""


@dataclass(frozen=True, slots=True)
class Highlighter:
    """Marks the words, or those that begin so, with tags of its own: a new name for each answer."""

    words: Sequence[str]
    name: str = field(default_factory=lambda: str(uuid.uuid4()))

    def of(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """The `highlight` member of a result."""
        fields = {}
        if self.words:
            fields = {
                "text": self.marked(document["text"], excerpt=True),
                "title": self.marked(document["title"]),
                "location": document["location"],
                "path": document.get("path", ""),
            }
        return {"preTag": f"<{self.name}>", "postTag": f"</{self.name}>", "fields": fields}

    def marked(self, text: str, *, excerpt: bool = False) -> str:
        """The text with the tags in it; of a long one the part around the first word that was found."""
        beginnings = tuple(self.words)
        found = [
            (begin, end, any(word.startswith(beginnings) for word in held))
            for begin, end, held in spans(text)
        ]
        at, last = 0, len(text)
        if excerpt and len(found) > _LONGEST:
            hit = next((place for place, (_, _, is_hit) in enumerate(found) if is_hit), 0)
            first = max(0, min(hit - _BEFORE, len(found) - _LONGEST))
            found = found[first : first + _LONGEST]
            at, last = found[0][0] if first else 0, found[-1][1]
        pieces = []
        for begin, end, is_hit in found:
            if is_hit:
                pieces += [text[at:begin], f"<{self.name}>", text[begin:end], f"</{self.name}>"]
                at = end
        return "".join([*pieces, text[at:last]])
