"""GitLab's answers that have no data, in its form and its words."""

from typing import Any

from scm.fakes.server import Reply


def missing(what: str = "") -> Reply:
    return Reply(404, {"message": f"404 {what} Not Found" if what else "404 Not Found"})


def forbidden(words: str = "403 Forbidden") -> Reply:
    return Reply(403, {"message": words})


def invalid(message: Any) -> Reply:
    """A 400: a sentence, or lists of faults by field."""
    return Reply(400, {"message": message})


def conflicting(message: Any) -> Reply:
    return Reply(409, {"message": message})


def nothing() -> Reply:
    return Reply(204, body=b"")
