"""A fake GitHub's protected branches: told as they were put, and kept by git."""

from typing import TYPE_CHECKING, Any

from scm.fakes.github.facts import Facts
from scm.fakes.github.replies import invalid, missing, nothing
from scm.fakes.server import Asked, Reply
from scm.fakes.state import FakeRepository

if TYPE_CHECKING:
    from scm.fakes.github.server import FakeGitHub

_KEPT = "kept-branches"
_HOOK = f"""#!/bin/sh
grep -Fqx "$1" {_KEPT} || exit 0
case "$2" in *[!0]*) ;; *) exit 0 ;; esac
case "$3" in *[!0]*) git merge-base --is-ancestor "$2" "$3" && exit 0 ;; esac
echo "error: GH006: Protected branch update failed for $1." >&2
exit 1
"""
_SWITCHES = (
    "required_linear_history",
    "allow_force_pushes",
    "allow_deletions",
    "block_creations",
    "required_conversation_resolution",
)


class Protection:
    """/branches/…/protection. A branch that asks for a review takes no push, as GitHub says it (GH006)."""

    def __init__(self, fake: "FakeGitHub") -> None:
        self.fake = fake
        place = "/branches/([^/]+)/protection"
        fake.within("GET", place, self._tell)
        fake.within("PUT", place, self._put)
        fake.within("DELETE", place, self._remove)
        fake.within("POST", f"{place}/required_signatures", self._sign)
        fake.within("DELETE", f"{place}/required_signatures", self._sign_no_more)

    def _tell(self, asked: Asked, one: FakeRepository, facts: Facts, branch: str) -> Reply:
        if branch not in one.heads:
            return missing("Branch not found")
        if branch not in facts.protection:
            return missing("Branch not protected")
        return Reply(data=self._document(one, branch, facts.protection[branch]))

    def _put(self, asked: Asked, one: FakeRepository, facts: Facts, branch: str) -> Reply:
        if branch not in one.heads:
            return missing("Branch not found")
        given = asked.json()
        count = (given["required_pull_request_reviews"] or {}).get("required_approving_review_count", 1)
        if not 0 <= count <= 6:
            return invalid("Branch", "required_approving_review_count")
        signed = facts.protection.get(branch, {}).get("signatures", False)
        facts.protection[branch] = {**given, "signatures": signed}
        reviewed = given["required_pull_request_reviews"] is not None
        words = f"error: GH006: Protected branch update failed for refs/heads/{branch}."
        one.refuse_pushes(branch, words if reviewed and given["enforce_admins"] else None)
        _keep(one, facts)
        return Reply(data=self._document(one, branch, facts.protection[branch]))

    def _remove(self, asked: Asked, one: FakeRepository, facts: Facts, branch: str) -> Reply:
        if facts.protection.pop(branch, None) is None:
            return missing("Branch not protected")
        one.refuse_pushes(branch, None)
        _keep(one, facts)
        return nothing()

    def _sign(self, asked: Asked, one: FakeRepository, facts: Facts, branch: str) -> Reply:
        if branch not in facts.protection:
            return missing("Branch not protected")
        facts.protection[branch]["signatures"] = True
        return Reply(data={"url": f"{self._at(one, branch)}/required_signatures", "enabled": True})

    def _sign_no_more(self, asked: Asked, one: FakeRepository, facts: Facts, branch: str) -> Reply:
        if not facts.protection.get(branch, {}).get("signatures"):
            return missing("Branch not protected")
        facts.protection[branch]["signatures"] = False
        return nothing()

    def _at(self, one: FakeRepository, branch: str) -> str:
        return f"{self.fake.api}/repos/{one.full_name}/branches/{branch}/protection"

    def _document(self, one: FakeRepository, branch: str, given: dict[str, Any]) -> dict[str, Any]:
        at = self._at(one, branch)
        told: dict[str, Any] = {
            "url": at,
            "enforce_admins": {"url": f"{at}/enforce_admins", "enabled": given["enforce_admins"]},
            "required_signatures": {"url": f"{at}/required_signatures", "enabled": given["signatures"]},
            **{name: {"enabled": bool(given.get(name))} for name in _SWITCHES},
        }
        checks, reviews = given["required_status_checks"], given["required_pull_request_reviews"]
        if checks is not None:
            own = f"{at}/required_status_checks"
            named = [{"context": name, "app_id": None} for name in checks["contexts"]]
            told["required_status_checks"] = {
                **checks,
                "url": own,
                "contexts_url": f"{own}/contexts",
                "checks": named,
            }
        if reviews is not None:
            shown = {
                name: value for name, value in reviews.items() if name != "bypass_pull_request_allowances"
            }
            told["required_pull_request_reviews"] = {"url": f"{at}/required_pull_request_reviews", **shown}
        return told


def _keep(one: FakeRepository, facts: Facts) -> None:
    """Let git refuse to rewind or delete what is protected."""
    folder = one.bare.folder
    (folder / _KEPT).write_text("".join(f"refs/heads/{branch}\n" for branch in facts.protection))
    hook = folder / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(_HOOK)
    hook.chmod(0o755)
