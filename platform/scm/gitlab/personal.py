"""What belongs to the person whose token GitLab is asked with."""

from collections.abc import Iterator

from scm.gitlab.paths import path
from scm.gitlab.people import read_person
from scm.gitlab.projects import Projects
from scm.values import Owner, Repository


class Personal(Projects):
    """See the port's protocol."""

    def me(self) -> Owner:
        found = read_person(self.access, None)
        return Owner(str(found["id"]), found["username"])

    def owners(self) -> Iterator[Owner]:
        """The groups of which they are a member, and not all that they may see."""
        listed = self.access.pages(path("groups"), all_available="false", order_by="id", sort="asc")
        return (Owner(str(one["id"]), one["full_path"]) for one in listed)

    def own_repositories(self) -> Iterator[Repository]:
        """The projects in their own namespace."""
        listed = self.access.pages(path("users", self.me().id, "projects"), order_by="id", sort="asc")
        return map(self._repository, listed)
