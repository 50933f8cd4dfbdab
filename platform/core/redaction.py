"""Takes secrets out of text before it is written anywhere.

Two nets: shapes that are secret wherever they appear (our tokens and those of code hosts, bearer headers, credentials
in a URL), and the values that a piece of work was given (a run's secrets), longest first so that no tail is left
standing. Values shorter than four characters are not masked: they would blank the whole log and protect nothing
(USERS.md 2, row 27; backstage/backstage#8066).
"""

import re
from collections.abc import Iterable
from typing import Any

MASK = "***"
SHORTEST = 4

_SHAPES = (
    (re.compile(r"\bgrn_[A-Za-z0-9_-]{16,}"), f"grn_{MASK}"),
    (
        re.compile(
            r"\b(gh[pousr]_|github_pat_|gl(?:pat|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|ffct)-)"
            r"[A-Za-z0-9_-]{16,}(?:\.[A-Za-z0-9_-]+)*"
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"(?i)\b(bearer|basic|token)\s+[A-Za-z0-9._~+/=-]{12,}"), rf"\1 {MASK}"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@:]*:[^\s/@]+@"), rf"\1{MASK}@"),
)


def redact(text: str) -> str:
    """Mask what is secret by its shape."""
    for shape, mask in _SHAPES:
        text = shape.sub(mask, text)
    return text


def redact_data(value: Any) -> Any:
    """`redact` for every text inside lists and dicts."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: redact_data(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact_data(item) for item in value]
    return value


class Redactor:
    """Masks the given values, and what is secret by its shape."""

    def __init__(self, secrets: Iterable[str]) -> None:
        values = sorted({secret for secret in secrets if len(secret) >= SHORTEST}, key=len, reverse=True)
        self._values = re.compile("|".join(map(re.escape, values))) if values else None

    def __call__(self, text: str) -> str:
        if self._values is not None:
            text = self._values.sub(MASK, text)
        return redact(text)
