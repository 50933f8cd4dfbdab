"""`GET /api/v1/catalog/entities/:kind/:namespace/:name/owner-suggestion`: whom the repository's CODEOWNERS names."""

from typing import Any

from django.http import HttpResponse

from catalog.api.v1.references import NAMED, named
from catalog.codeowners import suggestion
from catalog.models import Entity
from catalog.problems import Refused
from catalog.refs import LocationRef
from core.api.openapi import TEXT, TEXT_OR_NULL, WHOLE, Operation, list_of, object_of
from core.api.responses import json_data
from core.api.views import ApiView
from core.errors import NotFound

OWNER = object_of(
    "SuggestedOwner",
    codeowner={**TEXT, "description": "As CODEOWNERS has it: `@acme/team`, `@ana` or an address."},
    ref={**TEXT, "description": "The entity that it means, or would mean."},
    known={"type": "boolean", "description": "Whether the catalog has that entity."},
)


class OwnerSuggestionView(ApiView):
    """Read from the code host at the moment of asking."""

    permission = "catalog.entity.read"
    described = Operation(
        "Whom CODEOWNERS names as owner",
        description=(
            "The rules of the repository that the entity was read from, for the file that it was read from. Nobody "
            "is suggested when the entity comes from elsewhere, or the repository has no such file."
        ),
        parameters=NAMED,
        answer=object_of(
            "OwnerSuggestion",
            owner={**TEXT_OR_NULL, "description": "The owner that the entity has now."},
            file={**TEXT_OR_NULL, "description": "The address of the CODEOWNERS file."},
            lines=list_of({**WHOLE, "description": "A line that decides."}),
            suggestions=list_of(OWNER),
        ),
        refusals=(404, 502, 503),
    )

    def get(self, _request: Any, kind: str, namespace: str, name: str) -> HttpResponse:
        visible = Entity.objects.visible_to(self.subject)
        ref = named(kind, namespace, name)
        entity = visible.filter(ref=ref).first()
        if entity is None:
            raise NotFound(f"No entity {ref} found")
        found = suggestion(_address(entity), visible)
        owners = found.owners if found else ()
        return json_data(
            {
                "owner": entity.owner_ref or None,
                "file": found.file if found else None,
                "lines": found.lines if found else [],
                "suggestions": [
                    {"codeowner": owner.said, "ref": owner.ref, "known": owner.known} for owner in owners
                ],
            }
        )


def _address(entity: Entity) -> str:
    """The web address of the entity's file; "" when it has none."""
    try:
        file = LocationRef.parse(entity.file)
    except Refused:
        return ""
    return file.target if file.type == "url" else ""
