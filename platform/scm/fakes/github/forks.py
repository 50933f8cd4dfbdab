"""A fake GitHub's forks: one for an account, filled after it was looked at a few times, sharing objects with its parent."""

from typing import TYPE_CHECKING

from scm.fakes import objects
from scm.fakes.github.documents import node
from scm.fakes.github.facts import Facts
from scm.fakes.github.replies import forbidden, invalid
from scm.fakes.server import Asked, Reply
from scm.fakes.state import FakeRepository

if TYPE_CHECKING:
    from scm.fakes.github.server import FakeGitHub


class Forks:
    """POST /forks, and branches begun by POST /git/refs. `looks` is how often a new fork is looked at before its branches are there."""

    def __init__(self, fake: "FakeGitHub") -> None:
        self.fake = fake
        self.looks = 2
        self._empty: dict[int, int] = {}
        fake.within("POST", "/forks", self._make)
        fake.within("POST", "/git/refs", self._begin)

    def look(self, one: FakeRepository) -> None:
        """Somebody looks at a repository: if it is a new fork, it is a little nearer to being there."""
        if one.id not in self._empty:
            return
        self._empty[one.id] -= 1
        if self._empty[one.id] <= 0:
            del self._empty[one.id]
            self._fill(one)

    def of(self, one: FakeRepository, owner: str) -> FakeRepository | None:
        """The fork of a repository that an account has."""
        mine = self.fake.state.below(owner)
        return next((found for found in mine if found.parent == one.id), None)

    def _make(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        owner, name = self.fake.whose(asked), (asked.json() or {}).get("name") or one.name
        if facts.settings.get("allow_forking") is False:
            return forbidden("This repository has disabled forking")
        made = self.of(one, owner)
        if made is None:
            if self.fake.state.named(f"{owner}/{name}") is not None:
                return invalid("Repository", "name", "name already exists on this account")
            made = self.fake.state.repository(
                f"{owner}/{name}",
                description=one.description,
                default_branch=one.default_branch,
                visibility=one.visibility,
                fork=True,
                parent=one.id,
            )
            self._empty[made.id] = self.looks
        return Reply(202, self.fake.document(made))

    def _begin(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        ref, commit = asked.json()["ref"], asked.json()["sha"]
        branch = ref.removeprefix("refs/heads/")
        if branch in one.heads:
            return invalid("Reference", "ref", said="Reference already exists")
        if one.commit_at(commit) is None:
            return invalid("Reference", "sha", said="Object does not exist")
        objects.write_head(one.bare.folder, branch, commit)
        at = f"{self.fake.api}/repos/{one.full_name}/git"
        target = {"type": "commit", "sha": commit, "url": f"{at}/commits/{commit}"}
        told = {"ref": ref, "node_id": node("REF", one.id), "url": f"{at}/{ref}", "object": target}
        return Reply(201, told)

    def _fill(self, made: FakeRepository) -> None:
        parent = next(one for one in self.fake.state.repositories.values() if one.id == made.parent)
        objects.share(made.bare.folder, parent.bare.folder)
        for branch, commit in parent.heads.items():
            objects.write_head(made.bare.folder, branch, commit)
