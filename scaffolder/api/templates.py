"""What can be made, and of what: the form of a template, and the actions that there are."""

from typing import Any

from django.http import HttpResponse

from core.api.responses import json_data
from core.api.views import ApiView
from scaffolder import permitted
from scaffolder.actions import find_template
from scaffolder.auditing import heard
from scaffolder.permission_rules import RULES
from scaffolder.permissions import PERMISSIONS
from scaffolder.steps import ACTIONS
from scaffolder.template import check_version, parameter_schema


class ParameterSchemaView(ApiView):
    """`GET v2/templates/:namespace/:kind/:name/parameter-schema`."""

    permission = "scaffolder.template.parameter.read"

    def get(self, _request: Any, namespace: str, kind: str, name: str) -> HttpResponse:
        entity = find_template(f"{kind}:{namespace}/{name}", self.subject).entity
        check_version(entity)
        heard(self.subject, "template-parameter-schema", template=f"{kind}:{namespace}/{name}")
        return json_data(parameter_schema(permitted.template(entity, self.subject)))


class ActionsView(ApiView):
    """`GET v2/actions`."""

    permission = "scaffolder.action.read"

    def get(self, _request: Any) -> HttpResponse:
        heard(self.subject, "action-fetch")
        return json_data([action.document() for action in ACTIONS.values()])


class PermissionMetadataView(ApiView):
    """`GET .well-known/backstage/permissions/metadata`: which permissions there are, and which rules limit them."""

    permission = "scaffolder.action.read"

    def get(self, _request: Any) -> HttpResponse:
        permissions = [permission.document() for permission in PERMISSIONS]
        return json_data({"permissions": permissions, "rules": [rule.document() for rule in RULES.values()]})
