"""`GET /.well-known/backstage/permissions/metadata`: which permissions there are, and which rules limit them."""

from typing import Any

from django.http import HttpResponse

from catalog.api import described
from catalog.permission_rules import RULES
from catalog.permissions import PERMISSIONS, READ
from core.api.responses import json_data
from core.api.views import ApiView


class PermissionMetadataView(ApiView):
    permission = READ
    described = described.PERMISSION_METADATA

    def get(self, _request: Any) -> HttpResponse:
        permissions = [permission.document() for permission in PERMISSIONS]
        return json_data({"permissions": permissions, "rules": [rule.document() for rule in RULES.values()]})
