"""Paths of GitLab's API, every part of them quoted."""

from urllib.parse import quote

from scm.values import RepositoryName


def of(name: RepositoryName | str, *parts: object) -> str:
    """The path of a project, by full path or by number, or of something in it: `of(name, "issues", 7)`."""
    return path("projects", name, *parts)


def group(full_path: str | int, *parts: object) -> str:
    """The path of a group, or of something in it."""
    return path("groups", full_path, *parts)


def path(*parts: object) -> str:
    """`path("groups", "acme/money")` → "/groups/acme%2Fmoney"."""
    return "".join(f"/{quote(str(part), safe='')}" for part in parts)
