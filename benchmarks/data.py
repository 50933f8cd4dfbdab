"""Makes a folder of descriptor files for a company of N entities: the same for the same N and seed, everywhere."""

import argparse
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.server import Unmeasurable, tell

SHARES = {"Domain": 0.01, "Group": 0.05, "User": 0.10, "System": 0.06, "Resource": 0.10, "API": 0.12}
"""Of all entities; the rest are Components."""
WORDS = """
    account address agreement balance basket booking campaign carrier claim contract courier credit customer deposit
    discount document driver estimate freight fulfil gift guest hub insurance invoice item journey label lane letter
    loyalty manifest market meter notice offer order packing parcel partner payment permit pickup policy price quote
    receipt refund region rental return review reward route salary schedule seat shipment signature slot stock store
    supplier survey tariff tax terminal ticket toll transit voucher wallet weight
"""
ROLES = "api bridge builder cache client console feed gate index keeper loader planner router sink worker"
TAGS = "batch critical django edge go grpc internal java kafka legacy ml mobile pci python react redis rust"
TYPES = {
    "Component": ("service", "service", "service", "library", "library", "website", "job"),
    "API": ("openapi", "openapi", "openapi", "grpc", "asyncapi"),
    "Resource": ("database", "database", "bucket", "topic", "cache"),
}
LIFECYCLES = ("production",) * 7 + ("experimental",) * 2 + ("deprecated",)
REGIONS = ("eu-central", "eu-north", "us-east", "us-west")


def main(argv: list[str]) -> int:
    """`python -m benchmarks data --entities 10000 --into FOLDER`."""
    parser = argparse.ArgumentParser(prog="benchmarks data", description=__doc__)
    parser.add_argument("--entities", type=int, required=True)
    parser.add_argument("--into", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-file", type=int, default=500)
    options = parser.parse_args(argv)
    if options.entities < 100 or options.per_file < 1:
        raise Unmeasurable("--entities takes 100 and more, --per-file 1 and more")
    tell(write(options.into, options.entities, options.seed, options.per_file))
    return 0


def write(folder: Path, entities: int, seed: int = 1, per_file: int = 500) -> dict[str, Any]:
    """Write `parts/*.yaml`, `root.yaml` with a Location for each of them, and `entities.jsonl` for bulk loads."""
    made = Company(entities, seed).entities()
    (folder / "parts").mkdir(parents=True, exist_ok=True)
    roots = []
    for number, start in enumerate(range(0, len(made), per_file)):
        name = f"parts/part-{number:05}.yaml"
        documents = [yaml(entity) for entity in made[start : start + per_file]]
        (folder / name).write_text("---\n" + "---\n".join(documents))
        spec = {"targets": [f"./{name}"]}
        roots.append(yaml(_envelope("Location", {"name": f"part-{number:05}"}, spec)))
    (folder / "root.yaml").write_text("---\n" + "---\n".join(roots))
    lines = (json.dumps(entity, separators=(",", ":")) + "\n" for entity in made)
    (folder / "entities.jsonl").write_text("".join(lines))
    size = sum(path.stat().st_size for path in (folder / "parts").iterdir())
    return {"entities": len(made), "seed": seed, "files": len(roots), "bytes": size}


class Company:
    """Entities that point at each other as in a real organisation: a few teams own much, a few APIs are popular."""

    def __init__(self, size: int, seed: int) -> None:
        self.random = random.Random(f"{size} {seed}")  # noqa: S311 - not a secret
        self.words, self.roles, self.tags = WORDS.split(), ROLES.split(), TAGS.split()
        counts = {kind: round(size * share) for kind, share in SHARES.items()}
        counts["Component"] = size - sum(counts.values())
        self.names = {kind: [self._name(kind, i) for i in range(n)] for kind, n in counts.items()}
        self.departments = self.names["Group"][: max(1, counts["Group"] // 8)]
        self.teams = self.names["Group"][len(self.departments) :] or self.departments

    def entities(self) -> list[dict[str, Any]]:
        """All of them, mixed, so that every file has relations in both directions to others."""
        make = {"Group": self._group, "User": self._user}
        made = [
            make.get(kind, self._thing)(kind, name, number)
            for kind, names in self.names.items()
            for number, name in enumerate(names)
        ]
        self.random.shuffle(made)
        return made

    def _name(self, kind: str, number: int) -> str:
        first, second = self.random.choice(self.words), self.random.choice(self.roles)
        middle = {"Group": "team", "User": "person", "Component": second}.get(kind, kind.lower())
        return f"{first}-{middle}-{number:06}"

    def _popular(self, names: list[str]) -> str:
        return names[int(len(names) * self.random.random() ** 2)]

    def _group(self, kind: str, name: str, number: int) -> dict[str, Any]:
        spec: dict[str, Any] = {"type": "team", "profile": {"displayName": _title(name)}, "children": []}
        if number >= len(self.departments):
            spec["parent"] = self.random.choice(self.departments)
        return _envelope(kind, {"name": name, "title": _title(name)}, spec)

    def _user(self, kind: str, name: str, number: int) -> dict[str, Any]:
        teams = sorted({self._popular(self.teams) for _ in range(self.random.randint(1, 2))})
        profile = {"displayName": _title(name), "email": f"{name}@example.com"}
        return _envelope(kind, {"name": name}, {"profile": profile, "memberOf": teams})

    def _thing(self, kind: str, name: str, number: int) -> dict[str, Any]:
        spec: dict[str, Any] = {"owner": self._popular(self.teams)}
        if kind in TYPES:
            spec["type"] = self.random.choice(TYPES[kind])
        if kind in ("Component", "API"):
            spec["lifecycle"] = self.random.choice(LIFECYCLES)
        if kind == "System":
            spec["domain"] = self.random.choice(self.names["Domain"])
        elif kind != "Domain":
            spec["system"] = self.random.choice(self.names["System"])
        if kind == "API":
            spec["definition"] = self._definition(name)
        if kind == "Component":
            spec |= self._uses(number)
        return _envelope(kind, self._metadata(name), spec)

    def _uses(self, number: int) -> dict[str, Any]:
        """What a component provides, consumes and depends on; never itself."""
        uses: dict[str, Any] = {}
        for key, chance, kind, most in (
            ("providesApis", 0.25, "API", 2),
            ("consumesApis", 0.45, "API", 4),
            ("dependsOn", 0.55, "Resource", 3),
        ):
            if self.random.random() < chance:
                wanted = {self._popular(self.names[kind]) for _ in range(self.random.randint(1, most))}
                uses[key] = sorted(f"{kind.lower()}:{name}" for name in wanted)
        if number and self.random.random() < 0.3:
            other = self.names["Component"][self.random.randrange(number)]
            uses.setdefault("dependsOn", []).append(f"component:default/{other}")
        return uses

    def _metadata(self, name: str) -> dict[str, Any]:
        said = [
            self.random.choice(self.words if i % 3 else self.roles) for i in range(self.random.randint(8, 20))
        ]
        metadata: dict[str, Any] = {
            "name": name,
            "title": _title(name),
            "description": " ".join(said).capitalize() + ".",
            "labels": {
                "example.com/region": self.random.choice(REGIONS),
                "example.com/tier": str(self.random.randint(1, 3)),
            },
            "annotations": {
                "github.com/project-slug": f"example/{name}",
                "example.com/runbook": f"https://runbooks.example.com/{name}",
                "example.com/on-call": f"rota-{self.random.randrange(500)}",
            },
            "tags": sorted(self.random.sample(self.tags, self.random.randint(1, 5))),
        }
        if self.random.random() < 0.5:
            metadata["links"] = [{"url": f"https://boards.example.com/{name}", "title": "Dashboard"}]
        return metadata

    def _definition(self, name: str) -> str:
        paths = "".join(
            f"  /{self.random.choice(self.words)}/{{id}}:\n    get:\n      responses:\n"
            f"        '200': {{description: found}}\n"
            for _ in range(self.random.randint(2, 5))
        )
        return f"openapi: 3.0.3\ninfo:\n  title: {name}\n  version: 1.0.0\npaths:\n{paths}"


def _envelope(kind: str, metadata: dict[str, Any], spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def _title(name: str) -> str:
    return name.rpartition("-")[0].replace("-", " ").title()


_PLAIN = re.compile(r"[A-Za-z](?:[\w ./@-]|:(?=\S)){1,}[\w./-]")
_WORDS_WITH_MEANING = re.compile(r"(?i)true|false|null|yes|no|on|off")


def yaml(document: dict[str, Any]) -> str:
    """A document as people write it: in blocks, quoted only where it must be. Mappings, lists and text only."""
    return "".join(f"{line}\n" for line in _lines(document))


def _lines(value: dict[str, Any]) -> Iterator[str]:
    for key, held in value.items():
        if isinstance(held, dict):
            yield f"{key}:"
            yield from (f"  {line}" for line in _lines(held))
        elif isinstance(held, list):
            yield f"{key}:" if held else f"{key}: []"
            for item in held:
                lines = _lines(item) if isinstance(item, dict) else iter([_scalar(item)])
                yield f"  - {next(lines)}"
                yield from (f"    {line}" for line in lines)
        elif "\n" in held:
            yield f"{key}: |"
            yield from (f"  {line}" for line in held.splitlines())
        else:
            yield f"{key}: {_scalar(held)}"


def _scalar(text: str) -> str:
    plain = _PLAIN.fullmatch(text) and not _WORDS_WITH_MEANING.fullmatch(text)
    return text if plain else json.dumps(text)
