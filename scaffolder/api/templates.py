"""What can be made, and of what: the form of a template, and the actions that there are."""

from typing import Any

from django.http import HttpResponse

from core.api.responses import json_data
from core.api.views import ApiView
from scaffolder.actions import find_template
from scaffolder.steps import ACTIONS
from scaffolder.template import check_version, parameter_schema


class ParameterSchemaView(ApiView):
    """`GET v2/templates/:namespace/:kind/:name/parameter-schema`."""

    permission = "scaffolder.template.parameter.read"

    def get(self, _request: Any, namespace: str, kind: str, name: str) -> HttpResponse:
        _, entity = find_template(f"{kind}:{namespace}/{name}", self.subject)
        check_version(entity)
        return json_data(parameter_schema(entity))


class ActionsView(ApiView):
    """`GET v2/actions`."""

    permission = "scaffolder.action.read"

    def get(self, _request: Any) -> HttpResponse:
        return json_data([action.document() for action in ACTIONS.values()])
