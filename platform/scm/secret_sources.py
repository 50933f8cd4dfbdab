"""Secrets that configuration files name and never hold: `{env: NAME}` or `{file: /path}` → the text."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SECRET: dict[str, Any] = {
    "oneOf": [
        {"type": "object", "required": [where], "properties": {where: {"type": "string", "minLength": 1}}}
        | {"additionalProperties": False}
        for where in ("env", "file")
    ]
}
"""JSON Schema of where a secret is."""


def read_secret(where: Mapping[str, str] | None, name: str, wrong: list[str]) -> str:
    """The secret that stands there; "" for none. What is wrong with it is added to `wrong`, under the name."""
    if where is None:
        return ""
    if "env" in where:
        found = os.environ.get(where["env"], "")
        if not found:
            wrong.append(f"{name}: the variable {where['env']} is not set")
        return found
    try:
        found = Path(where["file"]).read_text().strip()
    except OSError as error:
        wrong.append(f"{name}: {where['file']}: {error.strerror}")
        return ""
    if not found:
        wrong.append(f"{name}: {where['file']} is empty")
    return found
