"""Does a template from disk, dry, in a folder of this machine; no server, no catalog and no code host is asked."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.api.subjects import Subject
from scaffolder.authoring.answers import with_defaults
from scaffolder.authoring.source import Source
from scaffolder.dry_run import DryRun, dry_run
from scaffolder.steps import ACTIONS
from scaffolder.template import check_secrets, check_template, check_values, frozen_spec

AUTHOR = Subject("person", "user:default/author", frozenset({"*"}))


def tried(
    source: Source,
    *,
    values: Mapping[str, Any],
    into: Path,
    secrets: Mapping[str, Any] | None = None,
    user: Mapping[str, Any] | None = None,
    defaults: bool = True,
) -> DryRun:
    """The dry run of a template with these answers; `into` is its workspace afterwards.

    Raises InputError or ValidationErrors before the first step for a template or for answers that cannot be.
    """
    entity = source.entity
    check_template(entity, list(ACTIONS))
    answers = with_defaults(entity, values) if defaults else dict(values)
    check_values(entity, answers)
    check_secrets(entity, secrets or {})
    spec = frozen_spec(
        entity, ref=f"template:default/{source.name}", values=answers, user=user or {"ref": AUTHOR.ref}
    )
    return dry_run(
        spec,
        secrets=secrets or {},
        subject=AUTHOR,
        files=source.folder.absolute(),
        around=source.root,
        into=into,
        foresee=True,
        offline=True,
    )
