"""Real catalog files and templates, judged as Backstage judged them (shared/corpus)."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.problems import Refused
from catalog.processing import Place, Processed, process
from catalog.refs import LocationRef
from catalog.yaml_documents import Parsed, parse_documents
from core.errors import NotFound
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared

FOLDER = (SHARED or Path()) / "corpus"
MARKED = (
    "backstage.io/managed-by-location",
    "backstage.io/managed-by-origin-location",
    "backstage.io/view-url",
)


def _verdicts() -> dict[str, list[dict[str, Any]]]:
    path = FOLDER / "entities/verdicts.jsonl"
    by_file: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in path.read_text().splitlines() if path.is_file() else []:
        verdict = json.loads(line)
        by_file[verdict["file"]].append(verdict)
    return by_file


VERDICTS = _verdicts()


def _judge(document: Parsed, file: str) -> Processed:
    """One document, with placeholders read from what the corpus keeps of the same repository."""
    if document.problem is not None:
        raise Refused(document.problem)

    def read(target: str) -> bytes:
        path = FOLDER / "entities/refs" / file[:3] / target
        if "://" in target or not path.is_file():
            raise NotFound(f"could not read {target}")
        return path.read_bytes()

    location = LocationRef("url", file)
    return process(document.value, Place(location, location, {}), read)


@pytest.mark.parametrize("file", sorted(VERDICTS))
def test_a_file_is_judged_as_backstage_did(file: str) -> None:
    verdicts = VERDICTS[file]
    documents = parse_documents((FOLDER / "entities" / file).read_bytes(), f"url:{file}")
    assert len(documents) == len(verdicts)
    last = {verdict["entityRef"]: verdict["index"] for verdict in verdicts}
    for document, verdict in zip(documents, verdicts, strict=True):
        if verdict["ok"] is None:
            assert document.value is None
        elif verdict["ok"]:
            judged = _judge(document, file)
            assert judged.ref == verdict["entityRef"]
            if verdict["entity"] and last[judged.ref] == verdict["index"]:
                _compare(judged, verdict["entity"])
        elif verdict.get("external") and verdict["entityRef"].startswith("location:"):
            assert _judge(document, file).is_location  # its targets are what cannot be read
        else:
            _expect_refusal(document, file, verdict)


def _compare(judged: Processed, recorded: dict[str, Any]) -> None:
    recorded = {key: value for key, value in recorded.items() if key != "relations"}
    entity = json.loads(json.dumps(judged.entity))
    for shown in (recorded, entity):
        for name in MARKED:
            shown["metadata"].get("annotations", {}).pop(name, None)
    assert entity == recorded


def _expect_refusal(document: Parsed, file: str, verdict: dict[str, Any]) -> None:
    if verdict["error"]["message"].startswith("Registered locations must be of an allowed type"):
        return  # a rule of POST /locations and of reading targets, not of the document
    with pytest.raises(Refused) as refused:
        _judge(document, file)
    problem = refused.value.problem
    assert problem.name == verdict["error"]["name"]
    if verdict["stage"] == "parse":
        assert problem.message.startswith(f"YAML error at url:{file}, YAMLParseError: ")
    elif verdict.get("external"):
        assert problem.message.split(", ")[0] == verdict["error"]["message"].split(", ")[0]
    else:
        assert problem.message == verdict["error"]["message"]


def _templates() -> Iterator[Path]:
    return (FOLDER / "templates").rglob("template.yaml")


@pytest.mark.parametrize(
    "path", sorted(_templates()), ids=lambda path: str(path.relative_to(FOLDER / "templates"))
)
def test_a_real_template_is_taken(path: Path) -> None:
    for document in parse_documents(path.read_bytes(), f"file:{path}"):
        judged = _judge(document, path.name)
        assert judged.ref.startswith("template:default/")
        owned = [relation.target for relation in judged.relations if relation.type == "ownedBy"]
        assert len(owned) == ("owner" in judged.entity["spec"])
