"""What those who write and fill in templates ask for: the language's extensions, and suggestions for fields."""

from typing import Any

from django.http import HttpResponse

from core.api.responses import json_data
from core.api.views import ApiView
from core.errors import InputError
from scaffolder.autocomplete import suggestions
from scaffolder.extensions import document

_BODY_LIMIT = 64 * 1024


class TemplatingExtensionsView(ApiView):
    """`GET v2/templating-extensions`."""

    permission = "scaffolder.action.read"

    def get(self, _request: Any) -> HttpResponse:
        return json_data(document())


class AutocompleteView(ApiView):
    """`POST v2/autocomplete/:provider/:resource`. The token is used for this request and kept nowhere."""

    permission = "scm.repository.read"
    body_limit = _BODY_LIMIT

    def post(self, _request: Any, provider: str, resource: str) -> HttpResponse:
        body = self.document(required=("context", "token"))
        if not isinstance(body["token"], str):
            raise InputError("request/body/token must be string")
        context = body["context"]
        if not isinstance(context, dict) or not all(isinstance(value, str) for value in context.values()):
            raise InputError("request/body/context must be an object of strings")
        return json_data({"results": suggestions(provider, resource, token=body["token"], context=context)})
