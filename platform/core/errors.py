"""Everything that can go wrong on purpose, as one tree.

    GreenroomError
    ├── InputError                 400  the caller can mend it
    │   ├── TooLarge               413  a limit of size or number
    │   └── ValidationErrors       400  several faults at once, answered as a list
    ├── AuthenticationError        401  nobody, or somebody unknown
    ├── NotAllowed                 403  somebody, but not for this
    │   └── AddressRefused         403  a place on the network where Greenroom does not go
    ├── NotFound                   404  there is no such thing
    ├── Conflict                   409  the state of things forbids it
    │   └── LeaseLost              409  another worker holds the row now
    ├── NotImplementedHere         501  named in the contract, not offered by this installation
    └── ExternalError              502  the outside answered wrongly
        ├── Unavailable            503  the outside did not answer; worth a repeat
        └── RateLimited            503  the outside asks us to wait

`code` is ours and lasting; `name` is the error name of Backstage's contract, which its clients look at;
`retry` tells the task runner whether the same call may succeed later. `docs/reference/errors.md` lists them all.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class GreenroomError(Exception):
    """The root. Its text is a sentence for the person who caused it or who can mend it."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    name: ClassVar[str] = "Error"
    retry: ClassVar[bool] = False

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def as_error(self) -> dict[str, Any]:
        """The `error` member of the contract's envelope: name, message and what else is known."""
        error: dict[str, Any] = {"name": self.name, "message": self.message, **self.details}
        if isinstance(self.__cause__, GreenroomError):
            error["cause"] = self.__cause__.as_error()
        return error


class InputError(GreenroomError):
    """What was sent cannot be taken; the message names the field and the way out."""

    code, status, name = "input", 400, "InputError"


class TooLarge(InputError):
    """A limit of size or number was passed; the message names the limit."""

    code, status, name = "too_large", 413, "InputError"


class ValidationErrors(InputError):
    """Several faults at once. Answered as `{"errors": [...]}`, as validate-entity and task creation do."""

    code, status, name = "validation", 400, "InputError"

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        self.errors = [dict(error) for error in errors]
        super().__init__("; ".join(str(error.get("message", error)) for error in self.errors))


class AuthenticationError(GreenroomError):
    """No credentials, or credentials that we do not accept: create or renew a token."""

    code, status, name = "authentication", 401, "AuthenticationError"


class NotAllowed(GreenroomError):
    """Known, but without the permission: ask for a role that holds it."""

    code, status, name = "not_allowed", 403, "NotAllowedError"


class AddressRefused(NotAllowed):
    """An address leads where Greenroom may not go: an operator can put it on the list that names it."""

    code = "address_refused"

    def __init__(self, reason: str, url: str = "", *, inner: bool = False) -> None:
        super().__init__(f"{url or 'an address'} is not asked: {reason}")
        self.reason, self.url = reason, url
        self.inner = inner  # the host is on the list, but what it leads to is not


class NotFound(GreenroomError):
    """There is no such thing, or none that the caller may see."""

    code, status, name = "not_found", 404, "NotFoundError"


class Conflict(GreenroomError):
    """The state of things forbids it; look at the present state, then decide again."""

    code, status, name = "conflict", 409, "ConflictError"


class LeaseLost(Conflict):
    """Another worker took the row, or it was cancelled; the loser writes nothing more."""

    code = "lease_lost"


class NotImplementedHere(GreenroomError):
    """The contract names it, this installation does not offer it."""

    code, status, name = "not_implemented", 501, "NotImplementedError"


class ExternalError(GreenroomError):
    """A server outside of Greenroom answered wrongly."""

    code, status, name = "external", 502, "ExternalError"


class Unavailable(ExternalError):
    """A server that we need does not answer now; the same call may succeed later."""

    code, status, name, retry = "unavailable", 503, "ServiceUnavailableError", True


class RateLimited(ExternalError):
    """A server outside asks us to wait `retry_after` seconds."""

    code, status, name, retry = "rate_limited", 503, "ServiceUnavailableError", True

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
