"""Finds repositories and pull requests of the local host."""

from core.errors import NotFound
from scm.errors import RepositoryNotFound
from scm.models import LocalPullRequest, LocalRepository
from scm.values import RepositoryName


def repository_named(name: RepositoryName) -> LocalRepository:
    """The repository, whatever the case of the letters, or NotFound."""
    found = find_repository(name)
    if found is None:
        raise RepositoryNotFound(
            f"repository '{name}' is not on the local code host; create it, or check owner and name"
        )
    return found


def find_repository(name: RepositoryName) -> LocalRepository | None:
    """The repository or None."""
    return LocalRepository.objects.filter(owner__iexact=name.owner, name__iexact=name.name).first()


def pull_request_numbered(name: RepositoryName, number: int) -> LocalPullRequest:
    """A pull request in any state, or NotFound."""
    rows = LocalPullRequest.objects.select_related("repository")
    found = rows.filter(repository=repository_named(name), number=number).first()
    if found is None:
        raise NotFound(f"pull request {number} is not in '{name}'")
    return found
