"""The view that every API route is made of: it names its permission and its query parameters.

    class Entities(ApiView):
        permission = "catalog.entity.read"
        query = {"filter": Many()}

Refuse by default: a route without `permission` does not import, a subject without it gets 403.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, cast

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from rest_framework.views import APIView

from ..errors import AuthenticationError, NotAllowed
from .bodies import LIMIT, read_json
from .errors import answer
from .params import Param, parse
from .responses import empty
from .subjects import Subject

NOTHING = QueryDict()
METHODS = frozenset({"get", "post", "put", "patch", "delete"})


def permission_for(permission: str | Mapping[str, str], method: str) -> str:
    """The permission that a method of a route needs."""
    return permission if isinstance(permission, str) else permission[method.lower()]


class ApiView(APIView):
    """One route. Subclasses have `get`, `post` … which translate, and do nothing else. HEAD is answered as GET.

    A view of Django REST framework with a `dispatch` of our own: who asks is told by its authentication classes;
    its request object, content negotiation and throttles are not run, since no route of ours has a use for them
    and a hot read would pay more for them than for its own work (docs/adr/0008).
    """

    request: HttpRequest  # type: ignore[assignment]  # Django's own, not wrapped
    subject: Subject
    permission: ClassVar[str | Mapping[str, str]]
    query: ClassVar[Mapping[str, Any]] = {}
    body_limit: ClassVar[int] = LIMIT
    params: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        methods = {method for method in METHODS if hasattr(cls, method)}
        if not methods:
            return
        permission = getattr(cls, "permission", None)
        named = set(methods) if isinstance(permission, str) else set(permission or {})
        if missing := methods - named:
            raise TypeError(f"{cls.__qualname__} names no permission for {', '.join(sorted(missing))}")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Who asks, for what, with which parameters: then the method. Errors become answers here."""
        try:
            self.subject = self._asker(request)
            method = "get" if request.method == "HEAD" else str(request.method).lower()
            handler = getattr(self, method, None) if method in METHODS else None
            if handler is None:
                raise Http404
            needed = permission_for(self.permission, method)
            if not self.subject.may(needed):
                raise NotAllowed(
                    f"{self.subject.ref} lacks the permission {needed}; ask for a token with a role that holds it"
                )
            given = request.GET if request.META.get("QUERY_STRING") else NOTHING
            self.params = self.parameters(method, given)
            response = handler(request, *args, **kwargs)
        except Exception as error:  # noqa: BLE001  # the edge: each error leaves in the contract's form
            return answer(error, request)
        if not isinstance(response, HttpResponseBase):
            raise TypeError(
                f"{type(self).__qualname__} returned {type(response).__name__}, not an HTTP response"
            )
        return response

    def parameters(self, method: str, given: QueryDict) -> dict[str, Any]:
        """The query's values by name, checked; for a route whose parameters have a form of their own, its reading."""
        return parse(self.declared(method), given)

    def _asker(self, request: HttpRequest) -> Subject:
        for authenticator in self.get_authenticators():
            found = authenticator.authenticate(cast(Any, request))
            if found is not None:
                return cast(Subject, found[0])
        raise AuthenticationError("Missing credentials")

    @classmethod
    def declared(cls, method: str) -> Mapping[str, Param]:
        """The query parameters that a method takes."""
        by_method = cls.query and set(cls.query) <= METHODS
        return cast(Mapping[str, Param], cls.query.get(method, {}) if by_method else cls.query)

    def document(self, required: Iterable[str] = ()) -> dict[str, Any]:
        """The request's JSON body."""
        return read_json(self.request, required=required, limit=self.body_limit)


def unknown_path(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404 with an empty body, as the contract answers an unknown path."""
    return empty(404)
