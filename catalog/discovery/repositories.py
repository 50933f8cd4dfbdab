"""Which repositories count, and which locations they make: pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from catalog.discovery.configuration import Filters, Wanted
from scm.port import Reading
from scm.values import Repository, RepositoryName


@dataclass(frozen=True, slots=True)
class Target:
    """The address of a repository's catalog file, or files, and what changes with a push."""

    url: str
    repository: RepositoryName
    pushed: str


def counts(repository: Repository, filters: Filters) -> bool:
    """Whether the filters let a repository in; one to which nothing was pushed yet never does."""
    topics = set(repository.topics)
    return (
        bool(filters.branch or repository.default_branch)
        and re.fullmatch(filters.repository, repository.name.name) is not None
        and (filters.allow_archived or not repository.archived)
        and (filters.allow_forks or not repository.fork)
        and repository.visibility in filters.visibility
        and (not filters.include_topics or bool(topics & filters.include_topics))
        and not topics & filters.exclude_topics
    )


def targets(listed: Iterable[Repository], wanted: Wanted, host: Reading) -> Iterator[Target]:
    """The addresses that the listed repositories make. Wildcards stay in them: each location resolves its own."""
    for repository in listed:
        if counts(repository, wanted.filters):
            branch = wanted.filters.branch or repository.default_branch
            url = host.contents_url(repository.name, branch)
            url = _file(url, host, repository.name, branch, wanted.catalog_path)
            yield Target(url, repository.name, f"{branch}@{repository.pushed}"[:64])


def _file(root: str, host: Reading, name: RepositoryName, branch: str, path: str) -> str:
    """A file's address; wildcards are written as they are, which `contents_url` would escape."""
    if not re.search(r"[*?{\[]", path):
        return host.contents_url(name, branch, path)
    placed = host.contents_url(name, branch, "x")
    return f"{placed.removesuffix('x')}{path}"
