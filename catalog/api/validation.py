"""`POST /validate-entity`: would this document be taken, were it read from that place?"""

from typing import Any

from django.http import HttpResponse

from catalog import actions
from catalog.api import described
from catalog.api.bodies import VALIDATE, checked
from core.api.responses import empty
from core.api.views import ApiView
from core.errors import ValidationErrors


class ValidateEntityView(ApiView):
    """200 and an empty body when it would, 400 with all reasons when not."""

    permission = "catalog.entity.validate"
    described = described.VALIDATE

    def post(self, _request: Any) -> HttpResponse:
        body = checked(self.document(required=("entity", "location")), VALIDATE)
        problems = actions.try_entity(body["entity"], body["location"])
        if problems:
            raise ValidationErrors([problem.document() for problem in problems])
        return empty(200)
