"""`POST /analyze-location`: which catalog files does a repository have, or which entity could stand for it?"""

from typing import Any

from django.http import HttpResponse

from catalog.analysis import analyse
from catalog.api import described
from catalog.api.bodies import ANALYZE, checked
from catalog.api.locations import only_location_members
from catalog.models import Entity
from catalog.permissions import READ
from catalog.refs import EntityRef
from core.api.responses import json_data
from core.api.views import ApiView


class AnalyzeLocationView(ApiView):
    """Who may see a part of the catalog is shown only those existing entities that they see there too."""

    permission = "catalog.location.analyze"
    described = described.ANALYZE

    def post(self, _request: Any) -> HttpResponse:
        body = checked(self.document(required=("location",)), ANALYZE)
        only_location_members(body["location"])
        file_name = body.get("catalogFilename") or body.get("catalogFileName") or ""
        found = analyse(body["location"]["target"], file_name)
        existing = [
            {
                "location": {"type": "url", "target": one.target},
                "isRegistered": one.registered,
                "entity": one.entity,
            }
            for one in found.existing
            if self.may_see(one.entity)
        ]
        suggested = [] if found.suggested is None else [{"entity": found.suggested, "fields": []}]
        return json_data({"existingEntityFiles": existing, "generateEntities": suggested})

    def may_see(self, entity: dict[str, Any]) -> bool:
        if not self.subject.is_limited(READ):
            return True
        return Entity.objects.visible_to(self.subject).filter(ref=str(EntityRef.of(entity))).exists()
