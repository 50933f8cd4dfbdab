"""A fake GitLab's projects: told, listed, made, changed, marked for deletion and removed."""

from typing import TYPE_CHECKING, Any

from scm.fakes.gitlab.facts import Facts
from scm.fakes.gitlab.replies import forbidden, invalid, missing
from scm.fakes.server import Asked, Reply
from scm.fakes.state import FakeRepository

if TYPE_CHECKING:
    from scm.fakes.gitlab.server import FakeGitLab

_TAKEN = ["has already been taken"]
_LONGEST = 2000
_ACCEPTED = {"message": "202 Accepted"}


class Projects:
    """/projects, /projects/:id and its members."""

    def __init__(self, fake: "FakeGitLab") -> None:
        self.fake = fake
        fake.route("POST", f"{fake.api_path}/projects", self._make)
        fake.within("GET", "", self._tell)
        fake.within("PUT", "", self._change)
        fake.within("DELETE", "", self._remove)
        fake.within("POST", "/members", self._let_in)
        fake.within("PUT", r"/members/(\d+)", self._level)

    def _tell(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        return Reply(data=self.fake.document(one))

    def _make(self, asked: Asked) -> Reply:
        given = asked.json()
        owner = self.fake.groups.namespace(given.get("namespace_id"), self.fake.whose(asked))
        if owner is None:
            return invalid({"namespace": ["is not valid"]})
        if owner in self.fake.state.people and owner != self.fake.whose(asked):
            return forbidden()
        if len(given.get("description") or "") > _LONGEST:
            return invalid({"description": [f"is too long (maximum is {_LONGEST} characters)"]})
        name = f"{owner}/{given['path']}"
        if self.fake.state.named(name) is not None:
            return invalid({"project_namespace.name": _TAKEN, "name": _TAKEN, "path": _TAKEN})
        made = self.fake.state.repository(
            name,
            description=given.get("description") or "",
            visibility=given.get("visibility", "private"),
        )
        return Reply(201, self.fake.document(made))

    def _change(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        given: dict[str, Any] = dict(asked.json())
        if len(given.get("description") or "") > _LONGEST:
            return invalid({"description": [f"is too long (maximum is {_LONGEST} characters)"]})
        branch = given.pop("default_branch", one.default_branch)
        if branch != one.default_branch and branch not in one.heads:
            return invalid({"base": ["Could not change HEAD: branch '" + branch + "' does not exist"]})
        one.default_branch = branch
        one.description = given.pop("description", one.description) or ""
        one.visibility = given.pop("visibility", one.visibility)
        one.topics = list(given.pop("topics", one.topics))
        facts.settings |= given
        return Reply(data=self.fake.document(one))

    def _remove(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        """Marked first, with another path, as GitLab does since 18; at once where that is asked for and allowed."""
        state = self.fake.state
        if asked.headers.get("private-token") in self.fake.keepers:
            return forbidden()
        if not facts.marked_for_deletion:
            facts.marked_for_deletion = one.pushed_at[:10]
            del state.repositories[one.full_name]
            one.name = f"{one.name}-deletion_scheduled-{one.id}"
            state.repositories[one.full_name] = one
            return Reply(202, _ACCEPTED)
        if asked.query.get("permanently_remove") != "true":
            return invalid("Project has been already marked for deletion")
        if asked.query.get("full_path") != one.full_name:
            return invalid("`full_path` is incorrect. You must enter the complete path for the project.")
        if self.fake.keeps_deleted:
            return forbidden("403 Forbidden - delayed deletion is enforced on this instance")
        del state.repositories[one.full_name]
        return Reply(202, _ACCEPTED)

    def _let_in(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        given = asked.json()
        if given["user_id"] not in self.fake.numbers.values():
            return missing("User")
        if given["user_id"] in facts.members:
            return Reply(409, {"message": "Member already exists"})
        facts.members[given["user_id"]] = given["access_level"]
        return Reply(201, {"id": given["user_id"], "access_level": given["access_level"]})

    def _level(self, asked: Asked, one: FakeRepository, facts: Facts, number: str) -> Reply:
        facts.members[int(number)] = asked.json()["access_level"]
        return Reply(data={"id": int(number), "access_level": facts.members[int(number)]})
