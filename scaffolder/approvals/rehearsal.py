"""What a run would make, found by a dry run at the version that it is pinned to: effects, and the files that it writes."""

import hashlib
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.api.subjects import Subject
from core.errors import TooLarge
from scaffolder import workspace
from scaffolder.approvals.signatures import fingerprint
from scaffolder.dry_run import DryRun, dry_run
from scaffolder.models import Run
from scaffolder.registry.pins import pinned_base
from scaffolder.rendering.landing import remove

SECONDS = 300.0
"""A rehearsal that takes longer fails, which the plan then says."""
MOST_EFFECTS = 2000
MOST_SHOWN = 500
"""Files that a plan lists by name; its fingerprint is over all of them."""
UNFORESEEN = "unforeseen"
"""The kind of what an action may make and cannot tell before."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What came out. `files` are paths and sizes, `content` is a fingerprint of all that stands in them."""

    steps: Mapping[str, str]
    effects: list[dict[str, str]]
    files: list[dict[str, Any]]
    file_count: int
    content: str
    failure: dict[str, str] | None


def rehearsed(run: Run, secrets: Mapping[str, Any]) -> Rehearsed:
    """Rehearse a run in a folder that is gone afterwards."""
    version = run.template_version
    commit = version.commit if version else ""
    template = run.spec["templateInfo"]
    spec = {**run.spec, "templateInfo": {**template, "baseUrl": pinned_base(template["baseUrl"], commit)}}
    folder = workspace.rehearsal_of(run.pk)
    remove(folder)
    try:
        found = dry_run(
            spec,
            secrets=secrets,
            subject=Subject.thawed(run.subject),
            into=folder,
            foresee=True,
            seconds=SECONDS,
            task_id=str(run.pk),
            kept=commit,
        )
        files = list(_files(folder))
    finally:
        remove(folder)
    whole = "\n".join(f"{one['path']}\0{one['mode']}\0{digest}" for one, digest in files)
    shown = [{"path": one["path"], "size": one["size"]} for one, _ in files[:MOST_SHOWN]]
    return Rehearsed(
        _steps(found, spec), _effects(found), shown, len(files), fingerprint(run.pk, whole), _failure(found)
    )


def _steps(found: DryRun, spec: Mapping[str, Any]) -> dict[str, str]:
    would = {step["id"]: "not reached" for step in spec["steps"]}
    for line in found.log:
        if "status" not in line:
            continue
        passed_over = line["message"].startswith("Skipping because ")
        ends = "runs" if passed_over else {"completed": "runs", "failed": "fails", "skipped": "is skipped"}
        would[line["stepId"]] = ends if isinstance(ends, str) else ends.get(line["status"], "runs")
    return would


def _effects(found: DryRun) -> list[dict[str, str]]:
    told = [(one.step_id, one.action, one.kind, one.key) for one in found.effects]
    told += [(step, action, UNFORESEEN, action) for step, action in found.unforeseen]
    if len(told) > MOST_EFFECTS:
        raise TooLarge(
            f"the run would make {len(told)} things: {MOST_EFFECTS} are as many as people look through"
        )
    return [dict(zip(("step", "action", "kind", "key"), one, strict=True)) for one in told]


def _failure(found: DryRun) -> dict[str, str] | None:
    error = found.failure
    return None if error is None else {"name": error.name, "message": error.message}


def _files(folder: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """Each file below a folder, in the order of their paths, with a digest of what stands in it. Links are not followed."""
    for path in sorted(folder.rglob("*")):
        said = path.lstat()
        if stat.S_ISLNK(said.st_mode):
            content, mode = hashlib.sha256(bytes(path.readlink())).hexdigest(), "link"
        elif stat.S_ISREG(said.st_mode):
            content = _digest(path)
            mode = "executable" if said.st_mode & stat.S_IXUSR else "file"
        else:
            continue
        shown = {"path": path.relative_to(folder).as_posix(), "size": said.st_size, "mode": mode}
        yield shown, content


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
