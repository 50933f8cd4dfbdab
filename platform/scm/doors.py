"""Who may pass the doors of the local host: a Greenroom token as password, one permission per method."""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from core.api.subjects import Subject
from core.errors import AuthenticationError, GreenroomError, NotAllowed
from scm.values import RepositoryName

PLAIN = "text/plain; charset=utf-8"

Authenticate = Callable[[str], Subject]
"""A token's secret → who that is; AuthenticationError for a token that is not ours."""


@method_decorator(csrf_exempt, name="dispatch")  # no cookie opens this door, so there is nothing to forge
class GitView(View):
    """A door for git and for people with a token. Errors are plain sentences, which git shows."""

    permission: ClassVar[Mapping[str, str]] = {}
    authenticate: Authenticate | None = None
    subject: Subject

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        method = "get" if request.method == "HEAD" else str(request.method).lower()
        if method not in self.permission:
            return HttpResponseNotAllowed([name.upper() for name in self.permission])
        try:
            self.subject = self._subject(request)
            self.require(self.permission[method])
            return super().dispatch(request, *args, **kwargs)
        except GreenroomError as error:
            return _sentence(error)

    def require(self, permission: str) -> None:
        """NotAllowed unless the subject holds the permission."""
        if not self.subject.may(permission):
            raise NotAllowed(
                f"{self.subject.ref} lacks the permission {permission}; ask for a role that holds it"
            )

    def _subject(self, request: HttpRequest) -> Subject:
        if self.authenticate is None:
            raise ImproperlyConfigured("scm.urls.routes() was mounted without a way to authenticate")
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            value = _password(value)
        elif scheme.lower() != "bearer":
            raise AuthenticationError("no credentials; give any user name and a Greenroom token as password")
        return self.authenticate(value.strip())


def repository_name(owner: str, repository: str) -> RepositoryName:
    """The name in an address, with or without `.git`."""
    return RepositoryName(owner, repository.removesuffix(".git"))


def _password(value: str) -> str:
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise AuthenticationError(
            "the Authorization header is not Basic authentication; send user:token"
        ) from error
    return text.partition(":")[2]


def _sentence(error: GreenroomError) -> HttpResponse:
    response = HttpResponse(f"{error.message}\n", status=error.status, content_type=PLAIN)
    if isinstance(error, AuthenticationError):
        response["WWW-Authenticate"] = 'Basic realm="Greenroom", charset="UTF-8"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
