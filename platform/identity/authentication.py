"""How a request proves who sent it: a bearer token. Sessions sign in people to the admin pages only."""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from core.api.subjects import Subject
from core.errors import AuthenticationError

from .tokens import authenticate


class BearerToken(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Subject, None] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise AuthenticationError("Missing credentials")
        return authenticate(secret.strip()), None

    def authenticate_header(self, request: Request) -> Any:
        return "Bearer"
