"""The view that every API route is made of: it names its permission and its query parameters.

    class Entities(ApiView):
        permission = "catalog.entity.read"
        query = {"filter": Many()}

Refuse by default: a route without `permission` does not import, a subject without it gets 403.
"""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, cast

from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from rest_framework.views import APIView

from ..errors import AuthenticationError, NotAllowed
from .bodies import LIMIT, read_json
from .errors import answer
from .params import Param, parse
from .subjects import Subject

METHODS = frozenset({"get", "post", "put", "patch", "delete"})


def permission_for(permission: str | Mapping[str, str], method: str) -> str:
    """The permission that a method of a route needs."""
    return permission if isinstance(permission, str) else permission[method.lower()]


@method_decorator(csrf_exempt, name="dispatch")  # bearer tokens only: no cookie signs these requests
class ApiView(APIView):
    """One route. Subclasses have `get`, `post` … which translate, and do nothing else."""

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

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = str(request.method).lower()
        if method not in METHODS or not hasattr(self, method):
            self.http_method_not_allowed(request)
        subject = request.user
        if not isinstance(subject, Subject):
            raise AuthenticationError("Missing credentials")
        needed = permission_for(self.permission, method)
        if not subject.may(needed):
            raise NotAllowed(
                f"{subject.ref} lacks the permission {needed}; ask for a token with a role that holds it"
            )
        self.params = self.parameters(method, request._request.GET)

    def parameters(self, method: str, given: QueryDict) -> dict[str, Any]:
        """The query's values by name, checked; for a route whose parameters have a form of their own, its reading."""
        return parse(self.declared(method), given)

    @classmethod
    def declared(cls, method: str) -> Mapping[str, Param]:
        """The query parameters that a method takes."""
        by_method = cls.query and set(cls.query) <= METHODS
        return cast(Mapping[str, Param], cls.query.get(method, {}) if by_method else cls.query)

    @property
    def subject(self) -> Subject:
        return cast(Subject, self.request.user)

    def document(self, required: Iterable[str] = ()) -> dict[str, Any]:
        """The request's JSON body."""
        return read_json(self.request._request, required=required, limit=self.body_limit)

    def handle_exception(self, exc: Exception) -> Any:
        return answer(exc, self.request._request)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        if not isinstance(response, HttpResponseBase):
            raise TypeError(
                f"{type(self).__qualname__} returned {type(response).__name__}, not an HTTP response"
            )
        return response


def unknown_path(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404 with an empty body, as the contract answers an unknown path."""
    response = HttpResponse(b"", status=404)
    del response["Content-Type"]
    return response
