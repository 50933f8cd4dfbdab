"""`/api/v1/scaffolder/instances/:id`: one repository that was made from a template, and its way to a newer version."""

from typing import Any

from django.http import HttpResponse

from core.api.openapi import TEXT, TEXT_OR_NULL, WHOLE, Operation, list_of, object_of
from core.api.params import Text
from core.api.responses import json_data
from core.api.views import ApiView
from core.errors import InputError
from scaffolder.api.documents import instant
from scaffolder.api.v1.shapes import INSTANCE_MEMBERS, instance_documents
from scaffolder.registry import instances
from scaffolder.upgrades import actions
from scaffolder.upgrades.models import Upgrade
from scaffolder.upgrades.states import UpgradeState

MOST_UPGRADES = 20
BODY_LIMIT = 1024 * 1024
_ID = {"instance_id": "The instance's id."}
UPGRADE = object_of(
    "Upgrade",
    id=WHOLE,
    state={"enum": list(UpgradeState.values), "description": "How far it is."},
    fromVersion=WHOLE,
    toVersion=WHOLE,
    run={**TEXT, "description": "The run that prepares it; its log is that of any run."},
    branch=TEXT,
    pullRequest={"type": ["integer", "null"]},
    pullRequestUrl=TEXT_OR_NULL,
    draft={"type": "boolean", "description": "Whether files conflict, so that somebody has to work on it."},
    conflicts=list_of(TEXT),
    problem=TEXT_OR_NULL,
    createdBy=TEXT,
    createdAt=TEXT,
    endedAt=TEXT_OR_NULL,
)
INSTANCE_DETAIL = object_of(
    "TemplateInstanceDetail",
    **INSTANCE_MEMBERS,
    values={"type": "object", "description": "The answers that it was made with."},
    upgrades={**list_of(UPGRADE), "description": "The latest twenty, newest first."},
)


def upgrade_document(one: Upgrade) -> dict[str, Any]:
    """An upgrade, with the versions at hand."""
    return {
        "id": one.pk,
        "state": one.state,
        "fromVersion": one.from_version.number,
        "toVersion": one.to_version.number,
        "run": str(one.run_id),
        "branch": one.branch,
        "pullRequest": one.number,
        "pullRequestUrl": one.web_url or None,
        "draft": one.draft,
        "conflicts": one.conflicts,
        "problem": one.problem or None,
        "createdBy": one.created_by,
        "createdAt": instant(one.created_at),
        "endedAt": instant(one.ended_at) if one.ended_at else None,
    }


class InstanceView(ApiView):
    """One instance."""

    permission = "scaffolder.task.read"
    described = Operation(
        "What was made by one run, and its upgrades", parameters=_ID, answer=INSTANCE_DETAIL
    )

    def get(self, _request: Any, instance_id: int) -> HttpResponse:
        found = instances.one(instance_id, self.subject)
        rows = found.upgrades.select_related("from_version", "to_version")[:MOST_UPGRADES]
        (shown,) = instance_documents([found])
        upgrades = [upgrade_document(one) for one in rows]
        return json_data({**shown, "values": found.values, "upgrades": upgrades})


class EntityInstancesView(ApiView):
    """The instance that an entity stands for."""

    permission = "scaffolder.task.read"
    query = {"entity": Text()}
    described = Operation(
        "The instances that an entity stands for, the latest first",
        parameters={"entity": "The entity's reference, such as `component:default/payments`."},
        answer=object_of("EntityInstances", items=list_of(object_of("TemplateInstance", **INSTANCE_MEMBERS))),
    )

    def get(self, _request: Any) -> HttpResponse:
        if self.params["entity"] is None:
            raise InputError("request/query must have required property 'entity'")
        found = instances.of_entity(self.params["entity"].lower(), self.subject)
        return json_data({"items": instance_documents(found)})


class InstanceUpgradeView(ApiView):
    """`POST`: have it upgraded."""

    permission = "scaffolder.task.create"
    body_limit = BODY_LIMIT
    described = Operation(
        "Upgrade a repository to another version of its template",
        description=(
            "A run renders the version it is of and the other one with the recorded answers, merges what differs into "
            "the head of its default branch, and opens a pull request: a draft with conflict markers where both sides "
            "changed the same lines. Asking again renews the pull request. 409 when it is of that version already, or "
            "on its way to another one."
        ),
        parameters=_ID,
        body={
            "type": "object",
            "properties": {
                "version": {
                    "type": "integer",
                    "minimum": 1,
                    "description": "Default: the template as it is now.",
                },
                "values": {
                    "type": "object",
                    "description": "Answers that the new version asks for beside the old ones.",
                },
            },
            "additionalProperties": False,
        },
        answer=UPGRADE,
        status=202,
        refusals=(409, 501),
    )

    def post(self, _request: Any, instance_id: int) -> HttpResponse:
        number, values = wanted(self.document())
        found = instances.one(instance_id, self.subject)
        to = actions.target_of(found.template_ref, number, self.subject)
        made = actions.upgrade(instance=found, to=to, values=values, by=self.subject)
        return json_data(upgrade_document(made), 202)


def wanted(body: dict[str, Any]) -> tuple[int | None, dict[str, Any]]:
    """The version and the answers of a request."""
    if unknown := set(body) - {"version", "values"}:
        raise InputError(f"request/body has {min(unknown)!r}; known are 'version' and 'values'")
    number, values = body.get("version"), body.get("values", {})
    if number is not None and (type(number) is not int or not 0 < number < 2**31):
        raise InputError("request/body/version must be a version's number, or left out for the newest")
    if not isinstance(values, dict):
        raise InputError("request/body/values must be object")
    return number, values
