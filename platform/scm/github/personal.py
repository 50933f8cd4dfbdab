"""What belongs to the person whose token GitHub is asked with."""

from collections.abc import Iterator

from scm.github.repositories import Repositories
from scm.values import Owner, Repository

NOBODY = ""
"""These addresses name no owner."""


class Personal(Repositories):
    """See the port's protocol. An App is no person: GitHub refuses it."""

    def me(self) -> Owner:
        found = self.access.get(NOBODY, "/user").data
        return Owner(found["login"], found["login"])

    def owners(self) -> Iterator[Owner]:
        return (Owner(one["login"], one["login"]) for one in self.access.pages(NOBODY, "/user/orgs"))

    def own_repositories(self) -> Iterator[Repository]:
        """Of themselves, of their organisations, and those that they were let into."""
        sorting = {"sort": "full_name", "direction": "asc"}
        return map(self._repository, self.access.pages(NOBODY, "/user/repos", sorting))
