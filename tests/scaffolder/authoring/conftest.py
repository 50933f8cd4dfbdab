"""Templates on disk, as their authors have them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.scaffolder.conftest import template_document

Writes = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Writes:
    """Write a template with these steps and files beside it; its folder."""

    def write(steps: list[dict[str, Any]], files: dict[str, str] | None = None, **spec: Any) -> Path:
        folder = tmp_path / "template"
        document = json.dumps(template_document("made", steps, **spec), indent=1)
        for path, text in {"template.yaml": document, **(files or {})}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return folder

    return write
