"""The benchmarks' own parts: data that is the same everywhere, what must come of it, tables that tell the truth."""

import json
from pathlib import Path

import pytest

from benchmarks import data
from benchmarks.compare import lines, medians, table
from benchmarks.expected import expected
from benchmarks.server import Unmeasurable
from benchmarks.targets import OPEN
from catalog.yaml_documents import parse_documents

SIZE = 300


def test_data_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    first, second, other = (tmp_path / name for name in ("first", "second", "other"))
    for folder, seed in ((first, 1), (second, 1), (other, 2)):
        data.write(folder, SIZE, seed, per_file=100)
    for name in ("root.yaml", "entities.jsonl", "parts/part-00000.yaml", "parts/part-00002.yaml"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert (first / "entities.jsonl").read_bytes() != (other / "entities.jsonl").read_bytes()


def test_files_and_lines_hold_the_same_entities(tmp_path: Path) -> None:
    data.write(tmp_path, SIZE, per_file=100)
    in_lines = [json.loads(line) for line in (tmp_path / "entities.jsonl").read_text().splitlines()]
    parts = sorted((tmp_path / "parts").iterdir())
    assert len(parts) == 3
    in_files = [entity for part in parts for entity in entities_of(part)]
    assert in_files == in_lines
    assert [each["kind"] for each in entities_of(tmp_path / "root.yaml")] == ["Location"] * 3


def test_every_relation_has_two_ends(tmp_path: Path) -> None:
    data.write(tmp_path, SIZE)
    wanted = expected(tmp_path)
    assert wanted.entities == len(wanted.relations) == SIZE
    ends = {("ownedBy", "ownerOf"), ("partOf", "hasPart"), ("dependsOn", "dependencyOf")}
    for source, relations in wanted.relations.items():
        for type_, target in relations:
            for said, reverse in ends:
                if type_ == said:
                    assert (reverse, source) in wanted.relations[target]


def test_a_folder_without_data_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(Unmeasurable, match="benchmarks data --into"):
        expected(tmp_path)


def test_a_table_compares_medians_and_says_what_is_missed(tmp_path: Path) -> None:
    file = tmp_path / "figures.jsonl"
    file.write_text(
        "".join(
            json.dumps(
                {
                    "label": label,
                    "scenario": "facets",
                    "callers": 8,
                    "per_second": rate,
                    "p95_ms": 2,
                    "app_cpu_ms": 1,
                    "database_cpu_ms": 0.5,
                    "probe": {"items": 20, "total": 60 if label == "greenroom" else 61},
                }
            )
            + "\n"
            for label, rate in (("greenroom", 90), ("greenroom", 10), ("greenroom", 100), (OPEN, 20))
        )
    )
    found = lines(file)
    assert medians(found)["facets", 8, "greenroom"]["per_second"] == 90
    row = table(found, "greenroom").splitlines()[-1]
    assert "90 · 2.0 · 1.50" in row
    assert "| 4.50 | ≥ 5 x open: **missed**; **backstage-open answered 20 of 61** |" in row


def entities_of(file: Path) -> list[object]:
    return [found.value for found in parse_documents(file.read_bytes(), str(file))]
