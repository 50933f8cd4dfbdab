"""`GET /api/search/query`: Backstage's search, over entities and their documentation."""

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import path

from catalog.search.asking import Wanted, cursor, read
from catalog.search.documents import CATALOG, TECHDOCS
from catalog.search.finding import Found, find
from catalog.search.highlight import Highlighter
from core.api.responses import json_data
from core.api.views import ApiView


class SearchView(ApiView):
    """`GET /query`: a page of results. Parameters that it does not know pass, as upstream's description has it."""

    permission = "search.query.read"

    def parameters(self, _method: str, given: QueryDict) -> dict[str, Any]:
        return {"wanted": read(given)}

    def get(self, _request: HttpRequest) -> HttpResponse:
        wanted: Wanted = self.params["wanted"]
        return json_data(_answer(wanted, find(wanted, self.subject)))


def _answer(wanted: Wanted, found: Found) -> dict[str, Any]:
    highlighter = Highlighter(found.words)
    results = []
    for rank, (page, text) in enumerate(found.results, wanted.offset + 1):
        document = orjson.loads(text)
        type_ = TECHDOCS if page else CATALOG
        results.append(
            {"type": type_, "document": document, "rank": rank, "highlight": highlighter.of(document)}
        )
    answer: dict[str, Any] = {"numberOfResults": found.total, "results": results}
    if found.more:
        answer["nextPageCursor"] = cursor(wanted.page + 1)
    if wanted.page:
        answer["previousPageCursor"] = cursor(wanted.page - 1)
    return answer


urlpatterns = [path("query", SearchView.as_view())]
