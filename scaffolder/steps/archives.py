"""publish:zip and roadiehq:utils:zip: files of the workspace as one archive, for people or for later steps."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import transaction

from core.errors import Conflict, InputError
from core.names import confined
from scaffolder.artifacts import actions as artifacts
from scaffolder.steps.files import file_of
from scaffolder.steps.port import (
    Action,
    Example,
    Foreseen,
    Made,
    StepContext,
    UndoContext,
    object_schema,
    text,
)
from scaffolder.steps.zipping import LARGEST, MOST_FILES, Zipper

ARTIFACT = "artifact"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MB = LARGEST // 1024 // 1024


def publish(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Keep an archive for people; done again, the same archive is there once."""
    name = _name(given)
    with _packed(ctx, given.get("sourcePath") or ".") as (archive, count):
        ctx.ledger.intend(ARTIFACT, name)
        with transaction.atomic():  # kept and proved, or neither
            kept = artifacts.keep(run_id=ctx.run_id, step_id=ctx.step_id, name=name, file=archive)
            ctx.ledger.prove(ARTIFACT, name, digest=kept.digest)
    url = _url(ctx.run_id, name)
    ctx.log(
        f"{name} holds {count} files and has {kept.size} bytes; it is at {url} until {kept.expires_at:%Y-%m-%d}"
    )
    return {"downloadUrl": url, "name": name, "size": kept.size, "sha256": kept.digest}


def foresee(ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    """The archive by its name; what it holds is not known before."""
    name = _name(given)
    return Foreseen(((ARTIFACT, name),), {"downloadUrl": _url(ctx.run_id, name), "name": name})


def take_back(ctx: UndoContext, made: Made) -> None:
    """Remove the archive. What is not proved was not kept: both are one transaction."""
    gone = made.proved and artifacts.discard(run_id=ctx.run_id, name=made.key)
    ctx.log(f"{made.key} is removed" if gone else f"{made.key} is not kept any more")


def pack(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Write an archive into the workspace; it does not hold itself."""
    path = given["outputPath"]
    place = file_of(ctx, path)
    if place.is_dir():
        raise Conflict(f"outputPath {path!r} is a folder of the workspace; name a file")
    with _packed(ctx, given["path"], leave_out=place) as (archive, count):
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            archive.chmod(0o644)
            archive.replace(place)
        except OSError as error:
            raise InputError(f"outputPath {path!r} cannot be written: {error.strerror}") from error
    ctx.log(f"{path} holds {count} files")
    return {"outputPath": path}


@contextmanager
def _packed(ctx: StepContext, path: str, leave_out: Path | None = None) -> Iterator[tuple[Path, int]]:
    """An archive of a file or folder, beside the workspace, for as long as it is needed; and how much it holds."""
    source = confined(ctx.workspace, path).resolve()
    ctx.scratch.mkdir(parents=True, exist_ok=True)
    handle, written = tempfile.mkstemp(dir=ctx.scratch, prefix="archive-", suffix=".zip")
    os.close(handle)
    archive = Path(written)
    out = leave_out.parent.resolve() / leave_out.name if leave_out else None
    try:
        try:
            count = Zipper(archive, ctx.check_cancelled).pack(source, leave_out=out)
        except OSError as error:
            raise InputError(f"path {path!r} could not be packed: {error.strerror}") from error
        yield archive, count
    finally:
        archive.unlink(missing_ok=True)


def _name(given: dict[str, Any]) -> str:
    name = str(given.get("name") or "files.zip")
    name = name if name.endswith(".zip") else f"{name}.zip"
    if not _NAME.fullmatch(name):
        raise InputError(
            f"name {name[:120]!r} is none for an archive: take letters, digits, '.', '_' and '-', 100 at the most"
        )
    return name


def _url(run_id: str, name: str) -> str:
    return f"{settings.GREENROOM_BASE_URL}/api/v1/scaffolder/runs/{run_id}/artifacts/{quote(name)}"


ACTIONS = (
    Action(
        id="publish:zip",
        description=f"Keeps files of the workspace as a zip archive to download, {_MB} MB at the most, for some days.",
        input=object_schema(
            sourcePath=text("The folder, or the file, in the workspace. Default: all of it."),
            name=text("What the archive is called. Default: files.zip"),
        ),
        output=object_schema(
            ("downloadUrl", "name", "size", "sha256"),
            downloadUrl=text(
                "Where whoever may see the run gets it: with their token, or in a browser where they are signed in to the admin."
            ),
            name=text("What it is called."),
            size={"type": "integer", "description": "Its bytes."},
            sha256=text("The SHA-256 of its bytes; the same files give the same."),
        ),
        run=publish,
        foresee=foresee,
        undo=take_back,
        examples=(
            Example(
                "Hand out what was rendered",
                "steps:\n  - id: zip\n    action: publish:zip\n    input:\n      name: ${{ parameters.name }}.zip\n"
                "output:\n  links:\n    - {title: Download, url: '${{ steps.zip.output.downloadUrl }}'}\n",
            ),
        ),
    ),
    Action(
        id="roadiehq:utils:zip",
        description=f"Writes a zip archive of files of the workspace into it: {MOST_FILES} files and {_MB} MB at the most.",
        input=object_schema(
            ("path", "outputPath"),
            path=text("The folder, or the file, in the workspace.", minLength=1),
            outputPath=text("Where the archive is written in the workspace.", minLength=1),
        ),
        output=object_schema(("outputPath",), outputPath=text("Where it is.")),
        run=pack,
        dry_run=True,
        examples=(
            Example(
                "Pack a folder",
                "steps:\n  - id: zip\n    action: roadiehq:utils:zip\n    input: {path: docs, outputPath: docs.zip}\n",
            ),
        ),
    ),
)
