"""GitLab's protected branches, and its rules on approvals where the edition has them."""

import logging
from typing import Any

from core.errors import NotFound
from scm.gitlab.files import Files
from scm.gitlab.paths import of
from scm.names import checked_branch
from scm.values import BranchRules, RepositoryName

NOBODY, MAINTAINERS = 0, 40
_NO_RULES = "%s has no approval rules in its edition: nobody is asked to agree to changes of %s in %s"
logger = logging.getLogger(__name__)


class Protection(Files):
    """Keeping branches from being rewound, deleted or changed without what their rules ask for.

    Checks, conversations and a linear history are settings of the whole project on GitLab: they are switched on
    when a rule asks for them, and stay when the protection goes.
    """

    def protect_branch(self, name: RepositoryName, branch: str, rules: BranchRules) -> None:
        """GitLab changes no rules without its paid edition: they are taken away and put anew."""
        checked_branch("branch", branch)
        if not self.has_branch(name, branch):  # GitLab protects names that nobody has pushed, too
            raise self._missing(name, f"branch {branch!r} is not there in '{name}'")
        wanted = _document(branch, rules)
        known = self._known(name, branch)
        if known is None or not _same(known, wanted):
            if known is not None:
                self._remove(of(name, "protected_branches", branch))
            try:
                known = self.access.post(of(name, "protected_branches"), wanted)
            except NotFound as error:
                raise self._missing(
                    name, f"branch {branch!r} of '{name}' may not be protected by {self.access.whose}"
                ) from error
        self._ask_for_approvals(name, branch, rules, known["id"])
        settings = _of_project(rules)
        if settings:
            self.access.put(of(name), settings)

    def branch_rules(self, name: RepositoryName, branch: str) -> BranchRules | None:
        found = self._known(name, branch)
        if found is None:
            self.get_repository(name)
            return None
        agreed = self._agreed(name, branch)
        pushers = {one["access_level"] for one in found.get("push_access_levels") or ()}
        return BranchRules(
            approvals=int((agreed or {}).get("approvals_required") or 0),
            code_owner_reviews=bool(found.get("code_owner_approval_required")),
            enforce_admins=pushers == {NOBODY},
        )

    def unprotect_branch(self, name: RepositoryName, branch: str) -> None:
        agreed = self._agreed(name, branch)
        if agreed is not None:
            self._remove(of(name, "approval_rules", agreed["id"]))
        if not self._remove(of(name, "protected_branches", checked_branch("branch", branch))):
            self.get_repository(name)  # not protected any more, unless the project is hidden from us

    def _known(self, name: RepositoryName, branch: str) -> dict[str, Any] | None:
        try:
            return self.access.get(of(name, "protected_branches", checked_branch("branch", branch)))
        except NotFound:
            return None

    def _ask_for_approvals(
        self, name: RepositoryName, branch: str, rules: BranchRules, branch_id: int
    ) -> None:
        known = self._agreed(name, branch)
        wanted = {"name": _rule(branch), "approvals_required": rules.approvals}
        wanted |= {"protected_branch_ids": [branch_id]}
        try:
            if known is not None:
                self.access.put(of(name, "approval_rules", known["id"]), wanted)
            elif rules.approvals:
                self.access.post(of(name, "approval_rules"), wanted)
            if rules.dismiss_stale_reviews:
                self.access.post(of(name, "approvals"), {"reset_approvals_on_push": True})
        except NotFound:
            logger.warning(_NO_RULES, self.host, branch, name)

    def _agreed(self, name: RepositoryName, branch: str) -> dict[str, Any] | None:
        """Our rule on who agrees; None in an edition without such rules."""
        try:
            listed = list(self.access.pages(of(name, "approval_rules")))
        except NotFound:
            return None
        return next((one for one in listed if one["name"] == _rule(branch)), None)

    def _remove(self, place: str) -> bool:
        try:
            self.access.delete(place)
        except NotFound:
            return False
        return True


def _rule(branch: str) -> str:
    """What our rule on approvals is called."""
    return f"Greenroom: {branch}"


def _document(branch: str, rules: BranchRules) -> dict[str, Any]:
    reviewed = bool(rules.approvals) or rules.code_owner_reviews
    wanted: dict[str, Any] = {
        "name": branch,
        "push_access_level": NOBODY if reviewed and rules.enforce_admins else MAINTAINERS,
        "merge_access_level": MAINTAINERS,
        "allow_force_push": False,
    }
    return wanted | ({"code_owner_approval_required": True} if rules.code_owner_reviews else {})


def _same(known: dict[str, Any], wanted: dict[str, Any]) -> bool:
    def levels(what: str) -> set[int]:
        return {one["access_level"] for one in known.get(what) or ()}

    return (
        levels("push_access_levels") == {wanted["push_access_level"]}
        and levels("merge_access_levels") == {wanted["merge_access_level"]}
        and not known.get("allow_force_push")
        and bool(known.get("code_owner_approval_required")) == ("code_owner_approval_required" in wanted)
    )


def _of_project(rules: BranchRules) -> dict[str, Any]:
    settings: dict[str, Any] = {"only_allow_merge_if_pipeline_succeeds": True} if rules.checks else {}
    if rules.conversation_resolution:
        settings["only_allow_merge_if_all_discussions_are_resolved"] = True
    return settings | ({"merge_method": "ff"} if rules.linear_history else {})
