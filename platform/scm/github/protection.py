"""GitHub's branch protection, and what it knows of it beyond our rules."""

from typing import Any

from core.errors import NotFound
from scm.github.paths import of
from scm.github.repositories import Repositories
from scm.github.rules import Particulars
from scm.names import checked_branch
from scm.values import BranchRules, RepositoryName

_NOT_PROTECTED = "not protected"


class Protection(Repositories):
    """Keeping branches from being rewound, deleted or changed without what their rules ask for."""

    def protect_branch(self, name: RepositoryName, branch: str, rules: BranchRules) -> None:
        self.protect_with(name, branch, rules, Particulars())

    def protect_with(
        self, name: RepositoryName, branch: str, rules: BranchRules, particulars: Particulars
    ) -> None:
        """As `protect_branch`, with GitHub's own rules too."""
        place = self._place(name, branch)
        try:
            self.access.put(name.owner, place, _document(rules, particulars))
            if rules.signed_commits:
                self.access.post(name.owner, f"{place}/required_signatures")
            else:
                self._remove(name, f"{place}/required_signatures")
        except NotFound as error:
            raise self._missing(
                name, f"branch {branch!r} is not there in '{name}', or {self.access.whose} may not protect it"
            ) from error

    def branch_rules(self, name: RepositoryName, branch: str) -> BranchRules | None:
        try:
            found = self.access.get(name.owner, self._place(name, branch)).data
        except NotFound as error:
            if _NOT_PROTECTED in error.message.lower():
                return None
            raise self._missing(name, f"branch {branch!r} is not there in '{name}'") from error
        return _rules(found)

    def unprotect_branch(self, name: RepositoryName, branch: str) -> None:
        if not self._remove(name, self._place(name, branch)):
            self.get_repository(name)  # not protected any more, unless the repository is hidden from us

    def _remove(self, name: RepositoryName, place: str) -> bool:
        try:
            self.access.delete(name.owner, place)
        except NotFound:
            return False
        return True

    def _place(self, name: RepositoryName, branch: str) -> str:
        return of(name, "branches", checked_branch("branch", branch), "protection")


def _document(rules: BranchRules, particulars: Particulars) -> dict[str, Any]:
    """GitHub wants every member to be there, null where there is no such rule."""
    asked = (rules.approvals, rules.code_owner_reviews, rules.dismiss_stale_reviews, rules.last_push_approval)
    reviews: dict[str, Any] | None = None
    if any(asked) or particulars.pull_requests or particulars.bypass:
        reviews = {
            "required_approving_review_count": rules.approvals,
            "require_code_owner_reviews": rules.code_owner_reviews,
            "dismiss_stale_reviews": rules.dismiss_stale_reviews,
            "require_last_push_approval": rules.last_push_approval,
        }
        reviews |= {"bypass_pull_request_allowances": particulars.bypass} if particulars.bypass else {}
    checks = {"strict": rules.up_to_date, "contexts": list(rules.checks)} if rules.checks else None
    return {
        "required_status_checks": checks,
        "enforce_admins": rules.enforce_admins,
        "required_pull_request_reviews": reviews,
        "restrictions": particulars.restrictions,
        "required_linear_history": rules.linear_history,
        "allow_force_pushes": False,
        "allow_deletions": False,
        "block_creations": particulars.block_creations,
        "required_conversation_resolution": rules.conversation_resolution,
    }


def _rules(found: dict[str, Any]) -> BranchRules:
    reviews = found.get("required_pull_request_reviews") or {}
    checks = found.get("required_status_checks") or {}
    return BranchRules(
        approvals=int(reviews.get("required_approving_review_count") or 0),
        code_owner_reviews=bool(reviews.get("require_code_owner_reviews")),
        dismiss_stale_reviews=bool(reviews.get("dismiss_stale_reviews")),
        last_push_approval=bool(reviews.get("require_last_push_approval")),
        checks=tuple(checks.get("contexts") or ()),
        up_to_date=bool(checks.get("strict", True)),
        enforce_admins=_enabled(found, "enforce_admins"),
        conversation_resolution=_enabled(found, "required_conversation_resolution"),
        linear_history=_enabled(found, "required_linear_history"),
        signed_commits=_enabled(found, "required_signatures"),
    )


def _enabled(found: dict[str, Any], what: str) -> bool:
    return bool((found.get(what) or {}).get("enabled"))
