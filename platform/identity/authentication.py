"""How a request proves who sent it: a bearer token. Sessions sign in people to the admin pages only."""

from typing import Any

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication

from core.api.subjects import Subject

from .tokens import authenticate


class BearerToken(BaseAuthentication):
    """`Authorization: Bearer grn_…`."""

    def authenticate(self, request: HttpRequest) -> tuple[Subject, None] | None:
        """The subject of the token; None without one. Raises AuthenticationError for a token that is not good."""
        scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        return authenticate(secret.strip()), None

    def authenticate_header(self, request: Any) -> Any:
        return "Bearer"
