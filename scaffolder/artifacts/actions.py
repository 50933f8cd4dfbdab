"""What changes artifacts: keep one, take it away; and reading one piece by piece."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from core.errors import Conflict, NotFound
from core.sql import rows
from scaffolder.artifacts.models import PART, Artifact, Part
from scaffolder.models import Run

MOST = 10
"""Artifacts of one run."""
_PIECE = "SELECT content FROM scaffolder_artifact_part WHERE artifact_id = %s AND position = %s"


@transaction.atomic
def keep(*, run_id: str, step_id: str, name: str, file: Path) -> Artifact:
    """Keep a file under a name, for GREENROOM_ARTIFACT_DAYS from now. What the same step kept there before is replaced.

    Conflict when another step of the run has the name, and when the run has ten artifacts.
    """
    with file.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    expires = timezone.now() + timedelta(days=settings.GREENROOM_ARTIFACT_DAYS)
    there = Artifact.objects.select_for_update().filter(run_id=run_id, name=name).first()
    if there is not None and there.step_id != step_id:
        raise Conflict(
            f"name {name!r} is that of an archive of step {there.step_id!r} in this run; choose another"
        )
    if there is not None and there.digest == digest:
        there.expires_at = expires
        there.save(update_fields=["expires_at"])
        return there
    if there is not None:
        there.delete()
    elif Artifact.objects.filter(run_id=run_id).count() >= MOST:
        raise Conflict(f"this run has {MOST} archives, which is the most; put more into one")
    made = Artifact.objects.create(
        run_id=run_id,
        step_id=step_id,
        name=name,
        size=file.stat().st_size,
        digest=digest,
        expires_at=expires,
    )
    with file.open("rb") as source:
        for position, content in enumerate(iter(lambda: source.read(PART), b"")):
            Part.objects.create(artifact=made, position=position, content=content)
    return made


def discard(*, run_id: str, name: str) -> bool:
    """Take an artifact away; whether there was one."""
    return bool(Artifact.objects.filter(run_id=run_id, name=name).delete()[0])


def kept_of(run: Run) -> list[Artifact]:
    """The artifacts of a run that are there still, by name."""
    return list(Artifact.objects.filter(run=run, expires_at__gt=timezone.now()).order_by("name")[:MOST])


def named(run: Run, name: str) -> Artifact:
    """The artifact of a run with that name; NotFound when there is none, or its days are over."""
    found = Artifact.objects.filter(run=run, name=name, expires_at__gt=timezone.now()).first()
    if found is None:
        raise NotFound(
            f"Run {run.pk} has no artifact {name!r}; one is kept for {settings.GREENROOM_ARTIFACT_DAYS} days"
        )
    return found


def pieces(artifact: Artifact) -> Iterator[bytes]:
    """An artifact's bytes, a part at a time; no connection is held in between, however slowly somebody reads."""
    for position in range(-(-artifact.size // PART)):
        found = rows(_PIECE, [artifact.pk, position])
        if not found:
            raise NotFound(f"{artifact} was taken away while it was read")
        yield bytes(found[0][0])
