"""Paths of GitHub's API, every part of them quoted."""

from urllib.parse import quote

from scm.values import RepositoryName


def of(name: RepositoryName, *parts: object) -> str:
    """The path of a repository, or of something in it: `of(name, "issues", 7)`."""
    return path("repos", name.owner, name.name, *parts)


def path(*parts: object) -> str:
    """`path("orgs", "acme", "repos")` → "/orgs/acme/repos"."""
    return "".join(f"/{quote(str(part), safe='')}" for part in parts)
