"""How GitLab's pipelines and external statuses of a commit went."""

from core.errors import NotFound
from scm.gitlab.access import Access
from scm.gitlab.paths import of
from scm.values import CheckState, RepositoryName

_RED = {"failed", "canceled"}
_GREEN = {"success", "skipped", "manual"}


def read_checks(access: Access, name: RepositoryName, sha: str) -> CheckState:
    """The newest status of each job and of each external check; those that may fail do not count."""
    try:
        listed = list(access.pages(of(name, "repository", "commits", sha, "statuses")))
    except NotFound:
        return CheckState.NONE
    states = {one["status"] for one in listed if not one.get("allow_failure")}
    if not states:
        return CheckState.NONE
    if states & _RED:
        return CheckState.RED
    return CheckState.GREEN if states <= _GREEN else CheckState.PENDING
