"""Who may approve a merge request on GitLab, and merging it when all is met."""

from typing import TYPE_CHECKING

from core.errors import NotFound
from scm.gitlab.paths import of
from scm.values import RepositoryName

if TYPE_CHECKING:
    from scm.gitlab.access import Access


def who_may_approve(access: "Access", name: RepositoryName, number: int) -> list[int]:
    """GitLab's numbers of the people whom the approval rules name."""
    try:
        rules = list(access.pages(of(name, "merge_requests", number, "approval_rules")))
    except NotFound as error:
        raise NotFound(
            f"{access.connection.name} has no approval rules in its edition; leave assignReviewersFromApprovalRules out"
        ) from error
    return [int(person["id"]) for rule in rules for person in rule.get("eligible_approvers") or ()]


def merge_when_ready(access: "Access", name: RepositoryName, number: int, sha: str) -> None:
    """Have it merged by itself once all checks are green. Older GitLabs know the second name only."""
    wanted = {"sha": sha, "auto_merge": True, "merge_when_pipeline_succeeds": True}
    access.put(of(name, "merge_requests", number, "merge"), wanted)
