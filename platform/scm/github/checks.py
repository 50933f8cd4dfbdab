"""How the checks of a commit went on GitHub: commit statuses of the older kind, and check runs, taken together."""

from collections.abc import Iterator
from typing import Any

from core.errors import NotFound
from scm.github.paths import of
from scm.github.repositories import Repositories
from scm.values import CheckState, RepositoryName

_PAGE, _MOST_PAGES = 100, 10
_FINE = {"success", "neutral", "skipped"}


class Checks(Repositories):
    """What workflows and other services say of a commit."""

    def checks(self, name: RepositoryName, sha: str) -> CheckState:
        """All of them taken together, of check runs the latest thousand; NotFound when the commit is not there."""
        try:
            statuses = self.access.get(name.owner, of(name, "commits", sha, "status")).data
            runs = list(self._runs(name, sha))
        except NotFound as error:
            raise self._missing(name, f"'{name}' has no commit {sha}") from error
        # GitHub's word on all of them: it lists a page of thirty only, and calls it pending when there is none
        told = {statuses["state"]} if statuses["statuses"] else set()
        told |= {_state(one) for one in runs}
        if told & {"failure", "error"}:
            return CheckState.RED
        if "pending" in told:
            return CheckState.PENDING
        return CheckState.GREEN if told else CheckState.NONE

    def _runs(self, name: RepositoryName, sha: str) -> Iterator[dict[str, Any]]:
        for page in range(1, _MOST_PAGES + 1):
            asked = {"per_page": str(_PAGE), "page": str(page)}
            found = self.access.get(name.owner, of(name, "commits", sha, "check-runs"), asked).data[
                "check_runs"
            ]
            yield from found
            if len(found) < _PAGE:
                return


def _state(run: dict[str, Any]) -> str:
    """A check run in the words of commit statuses."""
    if run["status"] != "completed":
        return "pending"
    return "success" if run["conclusion"] in _FINE else "failure"
