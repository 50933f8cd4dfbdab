"""GitHub's refusals, in its form and its words."""

from scm.fakes.server import Reply

DOCUMENTATION = "https://docs.github.com/rest"


def missing(message: str = "Not Found") -> Reply:
    return Reply(404, {"message": message, "documentation_url": DOCUMENTATION, "status": "404"})


def forbidden(message: str) -> Reply:
    return Reply(403, {"message": message, "documentation_url": DOCUMENTATION, "status": "403"})


def invalid(
    resource: str, field: str, message: str = "", *, code: str = "", said: str = "Validation Failed"
) -> Reply:
    """A 422. With a message the code is "custom", as GitHub has it."""
    fault = {"resource": resource, "code": code or ("custom" if message else "invalid"), "field": field}
    fault |= {"message": message} if message else {}
    return Reply(
        422, {"message": said, "errors": [fault], "documentation_url": DOCUMENTATION, "status": "422"}
    )


def conflicting(message: str) -> Reply:
    return Reply(409, {"message": message, "documentation_url": DOCUMENTATION, "status": "409"})


def nothing() -> Reply:
    return Reply(204, body=b"")
