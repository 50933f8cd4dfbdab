"""A fake GitLab's protected branches, kept by git, its approval rules and its webhooks."""

from typing import TYPE_CHECKING, Any

from scm.fakes.gitlab.facts import Facts, Json
from scm.fakes.gitlab.replies import conflicting, invalid, missing, nothing
from scm.fakes.server import Asked, Reply, paged
from scm.fakes.state import FakeRepository

if TYPE_CHECKING:
    from scm.fakes.gitlab.server import FakeGitLab

_KEPT = "kept-branches"
_HOOK = f"""#!/bin/sh
grep -Fqx "$1" {_KEPT} || exit 0
case "$2" in *[!0]*) ;; *) exit 0 ;; esac
case "$3" in *[!0]*) git merge-base --is-ancestor "$2" "$3" && exit 0 ;; esac
echo "GitLab: You are not allowed to force push or delete a protected branch on this project." >&2
exit 1
"""
_NO_PUSH = "GitLab: You are not allowed to push code to protected branches on this project."


class Protection:
    """/protected_branches, /approval_rules, /approvals and /hooks."""

    def __init__(self, fake: "FakeGitLab") -> None:
        self.fake = fake
        fake.within("POST", "/protected_branches", self._protect)
        fake.within("GET", "/protected_branches/([^/]+)", self._tell)
        fake.within("DELETE", "/protected_branches/([^/]+)", self._unprotect)
        fake.within("GET", "/approval_rules", self._rules)
        fake.within("POST", "/approval_rules", self._add_rule)
        fake.within("PUT", r"/approval_rules/(\d+)", self._change_rule)
        fake.within("DELETE", r"/approval_rules/(\d+)", self._remove_rule)
        fake.within("POST", "/approvals", self._approvals)
        fake.within("GET", "/hooks", self._hooks)
        fake.within("POST", "/hooks", self._add_hook)
        fake.within("PUT", r"/hooks/(\d+)", self._change_hook)
        fake.within("DELETE", r"/hooks/(\d+)", self._remove_hook)

    def _protect(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        given = asked.json()
        name = given["name"]
        if name in facts.protected:
            return conflicting(f"Protected branch '{name}' already exists")
        facts.protected[name] = {"id": facts.number(), **given}
        one.refuse_pushes(name, None if given.get("push_access_level", 40) else _NO_PUSH)
        _keep(one, facts)
        return Reply(201, _branch(facts.protected[name]))

    def _tell(self, asked: Asked, one: FakeRepository, facts: Facts, name: str) -> Reply:
        found = facts.protected.get(name)
        return Reply(data=_branch(found)) if found else missing()

    def _unprotect(self, asked: Asked, one: FakeRepository, facts: Facts, name: str) -> Reply:
        if facts.protected.pop(name, None) is None:
            return missing()
        one.refuse_pushes(name, None)
        _keep(one, facts)
        return nothing()

    def _rules(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        if not self.fake.has_approvals:
            return missing()
        return paged(asked, list(facts.approval_rules.values()), self.fake.url)

    def _add_rule(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        if not self.fake.has_approvals:
            return missing()
        number = facts.number()
        facts.approval_rules[number] = {"id": number, **asked.json()}
        return Reply(201, facts.approval_rules[number])

    def _change_rule(self, asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        facts.approval_rules[int(number)] |= asked.json()
        return Reply(data=facts.approval_rules[int(number)])

    def _remove_rule(self, asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        return nothing() if facts.approval_rules.pop(int(number), None) else missing()

    def _approvals(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        if not self.fake.has_approvals:
            return missing()
        facts.approvals |= asked.json()
        return Reply(201, facts.approvals)

    def _hooks(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        return paged(asked, [_shown(one) for one in facts.hooks.values()], self.fake.url)

    def _add_hook(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        given, number = asked.json(), facts.number()
        if not given["url"].startswith(("http://", "https://")):
            return invalid({"url": ["is blocked: Only allowed schemes are http, https"]})
        facts.hooks[number] = {"id": number, "push_events": True, **given}
        return Reply(201, _shown(facts.hooks[number]))

    def _change_hook(self, asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        if int(number) not in facts.hooks:
            return missing()
        facts.hooks[int(number)] |= asked.json()
        return Reply(data=_shown(facts.hooks[int(number)]))

    def _remove_hook(self, asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        return nothing() if facts.hooks.pop(int(number), None) else missing()


def _branch(found: Json) -> dict[str, Any]:
    return {
        "id": found["id"],
        "name": found["name"],
        "push_access_levels": [{"access_level": found.get("push_access_level", 40)}],
        "merge_access_levels": [{"access_level": found.get("merge_access_level", 40)}],
        "allow_force_push": found.get("allow_force_push", False),
        "code_owner_approval_required": found.get("code_owner_approval_required", False),
    }


def _shown(hook: Json) -> Json:
    return {name: value for name, value in hook.items() if name != "token"}


def _keep(one: FakeRepository, facts: Facts) -> None:
    """Let git refuse whoever rewinds or deletes a protected branch."""
    folder = one.bare.folder
    (folder / _KEPT).write_text("".join(f"refs/heads/{name}\n" for name in facts.protected))
    hook = folder / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(_HOOK)
    hook.chmod(0o755)
