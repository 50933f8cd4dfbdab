"""Which owners, repositories, branches, refs and paths have a name that is safe everywhere."""

import re
from urllib.parse import unquote

from core.errors import InputError

NAME_LIMIT = 100
REF_LIMIT = 200
PATH_LIMIT = 4096
SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")

_PART = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._-]*")
_REF_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def checked_name(field: str, value: str) -> str:
    """One segment of a repository's name, as every host allows it; InputError names `field`."""
    if len(value) > NAME_LIMIT:
        raise InputError(f"{field} is {len(value)} characters long; give at most {NAME_LIMIT}")
    if not _PART.fullmatch(value):
        raise InputError(
            f"{field} {value!r} is not a name for a repository; use letters, digits, '.', '_' and '-', "
            "and begin with a letter or digit"
        )
    if value.strip(".") == "" or ".." in value or value.endswith("."):
        raise InputError(f"{field} {value!r} must not end with '.' or contain '..'; leave the dots out")
    if value.lower().endswith((".git", ".lock")):
        raise InputError(f"{field} {value!r} must not end with '.git' or '.lock'; leave the ending out")
    return value


def checked_local_name(field: str, value: str) -> str:
    """One segment of a name on the local host, where it also becomes a folder: no leading dot."""
    if value.startswith("."):
        raise InputError(f"{field} {value!r} must not begin with a dot; begin with a letter or digit")
    return checked_name(field, value)


def checked_branch(field: str, value: str) -> str:
    """A branch by git's own rules for a ref name (git-check-ref-format), and never an option."""
    refusal = _ref_refusal(value)
    if refusal:
        raise InputError(
            f"{field} {value[:REF_LIMIT]!r} is not a branch name: {refusal}; try a name like 'main'"
        )
    return value


def checked_ref(field: str, value: str) -> str:
    """A branch, tag, full or short commit id, or HEAD: anything that names one commit."""
    return value if value == "HEAD" else checked_branch(field, value)


def _ref_refusal(value: str) -> str | None:
    parts = value.split("/")
    rules = (
        (not value, "it is empty"),
        (len(value) > REF_LIMIT, f"it is longer than {REF_LIMIT} characters"),
        (value.startswith("-"), "it begins with '-'"),
        (value in {"HEAD", "@"} or value.startswith("refs/"), "git keeps that name for itself"),
        (_REF_FORBIDDEN.search(value) is not None, "it has a space, a control character or one of ~^:?*[\\"),
        (".." in value or "@{" in value, "it has '..' or '@{'"),
        (value.endswith("."), "it ends with '.'"),
        (
            any(not part or part.startswith(".") or part.endswith(".lock") for part in parts),
            "a part of it is empty, begins with '.' or ends with '.lock'",
        ),
    )
    return next((reason for applies, reason in rules if applies), None)


def checked_path(field: str, value: str, *, empty: bool = False) -> str:
    """A file's path inside a repository: relative, '/' between parts, nothing that climbs out.

    Percent escapes are read once more before looking for '..', because a path that was decoded
    too few times must not become dangerous in a later hand. `empty` allows "" (the root).
    """
    value = value.strip("/") if empty else value.rstrip("/")
    if value == "" and empty:
        return value
    if not value or len(value) > PATH_LIMIT or _CONTROL.search(value):
        raise InputError(f"{field} {value[:100]!r} must be a path of 1 to {PATH_LIMIT} printable characters")
    if "\\" in value or value.startswith("/"):
        raise InputError(f"{field} {value!r} must be relative to the repository, with '/' between its parts")
    for text in (value, unquote(value)):
        if any(
            part in {"", ".", ".."} or part.lower() == ".git" for part in text.replace("\\", "/").split("/")
        ):
            raise InputError(
                f"{field} {value!r} must stay inside the repository: "
                "leave out '.', '..', '.git' and empty parts"
            )
    return value
