"""What a template's files are, told apart by what they hold: a commit that changes other things makes no new version."""

import logging
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from catalog.reading import read_tree
from core.errors import GreenroomError
from scaffolder.registry import copies
from scaffolder.registry.pins import FILE, Pin, folder_url
from scaffolder.template import MANAGED_BY

log = logging.getLogger(__name__)


def files_of(entity: Mapping[str, Any], fixed: Pin) -> str:
    """A text that is the same as long as the template's files are; "" when nothing fixes them.

    That of the folder with the template, when its steps read no others; else the commit, which stands for all.
    """
    if not fixed.commit or fixed.source.startswith(FILE) or not all(map(_lies_inside, _urls(entity["spec"]))):
        return fixed.commit
    address = folder_url(fixed)
    if address is None:
        return fixed.commit
    try:
        with tempfile.TemporaryDirectory(prefix="greenroom-template-") as place:
            folder = Path(place) / "files"
            read_tree(address, folder)
            return "files:" + copies.digest_of(folder, but=_own_file(entity))
    except GreenroomError as error:
        log.info("template's folder not read", extra={"template": fixed.source, "error": error.message})
        return fixed.commit


def _urls(spec: Mapping[str, Any]) -> Iterator[Any]:
    """The addresses that steps fetch from."""
    for step in spec.get("steps") or []:
        given = step.get("input") if isinstance(step, Mapping) else None
        if isinstance(given, Mapping) and "url" in given and str(step.get("action", "")).startswith("fetch:"):
            yield given["url"]


def _lies_inside(url: Any) -> bool:
    """Whether an address surely stays in the template's folder."""
    if not isinstance(url, str) or "${{" in url or ".." in url.split("/"):
        return False
    return not url.startswith("/") and ":" not in url


def _own_file(entity: Mapping[str, Any]) -> str:
    """The name of the file that the template itself was read from: what it says is in the document."""
    annotations = entity["metadata"].get("annotations") or {}
    return str(annotations.get(MANAGED_BY) or "").rpartition("/")[2]
