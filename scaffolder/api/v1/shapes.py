"""What the scaffolder's own routes answer, as schemas and as documents."""

from collections.abc import Sequence
from typing import Any

from core.api.openapi import TEXT, TEXT_OR_NULL, WHOLE, list_of, object_of
from scaffolder.api.documents import instant
from scaffolder.models import Instance, TemplateVersion
from scaffolder.registry.instances import drifts
from scaffolder.registry.listing import Listed
from scaffolder.registry.versions import newest

NAMED = {"namespace": "The template's namespace, mostly `default`.", "name": "Its name."}
_NUMBER_OR_NULL = {"type": ["number", "null"]}
_WHOLE_OR_NULL = {"type": ["integer", "null"], "minimum": 0}
STATISTICS = object_of(
    "TemplateStatistics",
    runs=WHOLE,
    completed=WHOLE,
    failed=WHOLE,
    cancelled=WHOLE,
    successRate={**_NUMBER_OR_NULL, "description": "Completed among those that completed or failed."},
    medianSeconds={
        **_NUMBER_OR_NULL,
        "description": "Of the steps of runs that completed, over thirty days.",
    },
    lastRunAt=TEXT_OR_NULL,
    minutesSaved={**WHOLE, "description": "`greenroom.dev/minutes-saved`, for each completed run."},
)
_TEMPLATE = {
    "ref": TEXT,
    "title": TEXT_OR_NULL,
    "description": TEXT_OR_NULL,
    "owner": TEXT_OR_NULL,
    "newestVersion": {**_WHOLE_OR_NULL, "description": "null until it is used for the first time."},
    "deprecated": {**TEXT_OR_NULL, "description": "The reason, or `true`; null while it is not."},
    "successor": TEXT_OR_NULL,
    "removedAfter": TEXT_OR_NULL,
    "runBy": {**list_of(TEXT), "description": "Who may run it; empty: everybody who may run templates."},
    "problem": {
        **TEXT_OR_NULL,
        "description": "An annotation that cannot be read; until it can, no run starts.",
    },
    "statistics": STATISTICS,
}
TEMPLATE = object_of("Template", **_TEMPLATE)
VERSION = object_of(
    "TemplateVersion",
    number=WHOLE,
    digest=TEXT,
    commit={**TEXT, "description": "What fixes its files; empty when nothing does, `unpinned` says why."},
    unpinned=TEXT_OR_NULL,
    source=TEXT,
    recordedAt=TEXT,
)
TEMPLATE_DETAIL = object_of(
    "TemplateDetail",
    **_TEMPLATE,
    versions={**list_of(VERSION), "description": "The latest hundred, newest first."},
)
INSTANCE_MEMBERS = {
    "id": WHOLE,
    "entityRef": TEXT,
    "templateRef": TEXT,
    "host": TEXT,
    "repository": TEXT,
    "run": {**TEXT, "description": "The run that made it."},
    "commit": {**TEXT, "description": "What the run published."},
    "version": WHOLE,
    "newestVersion": _WHOLE_OR_NULL,
    "drift": {
        "anyOf": [WHOLE, {"enum": ["unknown"]}],
        "description": "Versions behind the newest; `unknown` when its entity is gone.",
    },
    "madeAt": TEXT,
    "upgradedAt": TEXT_OR_NULL,
}
INSTANCE = object_of("TemplateInstance", **INSTANCE_MEMBERS)


def template_document(one: Listed) -> dict[str, Any]:
    """A template of a list."""
    metadata, terms, figures = one.document["metadata"], one.terms, one.statistics
    return {
        "ref": one.ref,
        "title": metadata.get("title"),
        "description": metadata.get("description"),
        "owner": one.owner or None,
        "newestVersion": one.newest,
        "deprecated": terms.deprecated or None,
        "successor": terms.successor or None,
        "removedAfter": terms.removed_after.isoformat() if terms.removed_after else None,
        "runBy": list(terms.run_by),
        "problem": one.problem or None,
        "statistics": {
            "runs": figures.runs,
            "completed": figures.completed,
            "failed": figures.failed,
            "cancelled": figures.cancelled,
            "successRate": figures.success_rate,
            "medianSeconds": figures.median_seconds,
            "lastRunAt": instant(figures.last_run_at) if figures.last_run_at else None,
            "minutesSaved": terms.minutes_saved * figures.completed,
        },
    }


def version_document(one: TemplateVersion) -> dict[str, Any]:
    """A version, without the template's document."""
    return {
        "number": one.number,
        "digest": one.digest,
        "commit": one.commit,
        "unpinned": one.unpinned or None,
        "source": one.source,
        "recordedAt": instant(one.recorded_at),
    }


def instance_documents(found: Sequence[Instance]) -> list[dict[str, Any]]:
    """Instances, whose versions are at hand. Two queries."""
    last = newest({one.template_ref for one in found})
    drift = drifts(found, last)
    return [_instance(one, newest=last.get(one.template_ref), drift=drift[one.pk]) for one in found]


def _instance(one: Instance, *, newest: int | None, drift: int | None) -> dict[str, Any]:
    return {
        "id": one.pk,
        "entityRef": one.entity_ref,
        "templateRef": one.template_ref,
        "host": one.host,
        "repository": one.repository,
        "run": str(one.run_id),
        "commit": one.commit,
        "version": one.version.number,
        "newestVersion": newest,
        "drift": "unknown" if drift is None else drift,
        "madeAt": instant(one.made_at),
        "upgradedAt": instant(one.upgraded_at) if one.upgraded_at else None,
    }
