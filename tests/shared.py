"""Where the recorded contract and the corpus lie, for the tests that compare with them."""

import os
from pathlib import Path

import pytest


def _found() -> Path | None:
    named = os.environ.get("GREENROOM_SHARED")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared"
    return folder if folder.is_dir() else None


SHARED: Path | None = _found()

needs_shared = pytest.mark.skipif(
    SHARED is None, reason="the recorded contract is not here; set GREENROOM_SHARED"
)
