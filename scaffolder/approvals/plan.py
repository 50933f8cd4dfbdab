"""The plan of a run: all that would be done and made, as one canonical document, and its SHA-256.

The same run planned twice has the same digest; it is another one when anything changes that an approval is about: the
template, as it was frozen or as it is now, the inputs, the secrets, who asks, the steps, what they would make, every
byte of the files that they would write, or who has to say yes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from catalog.models import Entity
from core.secretbox import open_sealed
from scaffolder.approvals.policy import Requirement, requirements
from scaffolder.approvals.rehearsal import rehearsed
from scaffolder.approvals.signatures import fingerprint
from scaffolder.masking import Masker
from scaffolder.models import Run

FORMAT = 1
_OF_THE_CATALOG = frozenset({"uid", "etag", "generation"})


def canonical(data: Any) -> bytes:
    """JSON with sorted keys and nothing between them: one text for one meaning."""
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS)


def digest_of(data: Any) -> str:
    """The SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical(data)).hexdigest()


def required(run: Run) -> list[Requirement]:
    """What has to be fulfilled before this run may begin, by its template and by the rules as they are now."""
    if run.serves == Run.Serves.UPGRADE:
        return []  # it proposes a change, which people agree to on their code host
    return requirements(run.spec, lambda: owner_of(run.template_ref))


def owner_of(template_ref: str) -> str | None:
    """Who owns a template; None when nobody knows any more."""
    found = Entity.objects.filter(ref=template_ref).values_list("owner_ref", flat=True).first()
    return None if found is None else found.lower()


def plan_of(run: Run, asked_by: str, wanted: Sequence[Requirement]) -> dict[str, Any]:
    """The plan. No secret stands in it: secrets show as fingerprints that only this run and installation can make."""
    secrets: dict[str, Any] = open_sealed(bytes(run.secrets)) if run.secrets is not None else {}  # type: ignore[assignment]  # always an object
    masker = Masker(secrets)
    found = rehearsed(run, secrets)
    return {
        "format": FORMAT,
        "run": str(run.pk),
        "template": {"ref": run.template_ref, **_version(run)},
        "asked": {"createdBy": run.created_by, "askedBy": asked_by},
        "parameters": masker.data(run.spec["parameters"]),
        "secrets": {
            masker.text(name): fingerprint(run.pk, canonical(value)) for name, value in secrets.items()
        },
        "steps": [
            {
                "id": step["id"],
                "name": step["name"],
                "action": step["action"],
                "would": found.steps[step["id"]],
            }
            for step in run.spec["steps"]
        ],
        "effects": found.effects,
        "workspace": {"files": found.files, "count": found.file_count, "content": found.content},
        "failure": found.failure,
        "requirements": [one.document() for one in wanted],
        "spec": fingerprint(run.pk, canonical(run.spec)),
    }


def _version(run: Run) -> dict[str, Any]:
    """Which version is carried out, and whether the catalog has another one by now."""
    entity = Entity.objects.filter(ref=run.template_ref).select_related("stored").first()
    version = run.template_version
    said: dict[str, Any] = {"current": _digest(entity.document) if entity is not None else None}
    if version is not None:
        said |= {"number": version.number, "digest": version.digest, "commit": version.commit}
    return said


def _digest(template: Mapping[str, Any]) -> str:
    """Of what a template's file says: not of what the catalog adds to it."""
    metadata = {key: value for key, value in template["metadata"].items() if key not in _OF_THE_CATALOG}
    return digest_of({"metadata": metadata, "spec": template["spec"]})


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """The parts of a plan that are not the same, by name."""
    return sorted(
        key for key in before.keys() | after.keys() if canonical(before.get(key)) != canonical(after.get(key))
    )
