"""What a bounded answer says about itself when it left something out."""

from typing import Any

from core.api.openapi import TEXT, WHOLE, object_of

TRUNCATED = {
    "description": "What was left out, and the way to it; null when the answer is whole.",
    "oneOf": [
        {"type": "null"},
        object_of("Truncated", limit={**TEXT, "enum": ["limit", "depth"]}, most=WHOLE, message=TEXT),
    ],
}


def truncated(limit: str, most: int, message: str) -> dict[str, Any]:
    """The marker: which parameter bounds the answer, at what, and what to do."""
    return {"limit": limit, "most": most, "message": message}
