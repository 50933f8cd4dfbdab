"""A fake GitLab's files, trees, branches and archives, out of the real git repository behind a project."""

from typing import TYPE_CHECKING

from scm.fakes.gitlab.facts import Facts
from scm.fakes.gitlab.replies import invalid, missing
from scm.fakes.objects import write_head
from scm.fakes.server import Asked, Reply, paged
from scm.fakes.state import FakeRepository, sha
from scm.git import git

if TYPE_CHECKING:
    from scm.fakes.gitlab.server import FakeGitLab


class Contents:
    """/repository, and the statuses of commits."""

    def __init__(self, fake: "FakeGitLab") -> None:
        self.fake = fake
        fake.within("GET", "/repository/files/([^/]+)(?:/raw)?", self._file)
        fake.within("GET", "/repository/tree", self._tree)
        fake.within("GET", "/repository/branches", self._branches)
        fake.within("POST", "/repository/branches", self._make_branch)
        fake.within("GET", "/repository/branches/([^/]+)", self._branch)
        fake.within("GET", "/repository/commits/([^/]+)", self._commit)
        fake.within("GET", "/repository/commits/([^/]+)/statuses", self._statuses)
        fake.within("GET", r"/repository/archive\.tar\.gz", self._archive)

    def _file(self, asked: Asked, one: FakeRepository, facts: Facts, path: str) -> Reply:
        files = one.files_at(asked.query.get("ref", "HEAD"))
        if files is None:
            return missing("Commit")
        if path not in files:
            return missing("File")
        headers = {"X-Gitlab-Blob-Id": sha(files[path]), "X-Gitlab-Size": str(len(files[path]))}
        return Reply(body=files[path], headers=headers)

    def _tree(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        files = one.files_at(asked.query.get("ref", "HEAD"))
        if files is None:
            return missing("Tree")
        folders = {"/".join(path.split("/")[:n]) for path in files for n in range(1, path.count("/") + 1)}
        listed = [{"type": "tree", "path": path, "mode": "040000"} for path in sorted(folders)]
        listed += [{"type": "blob", "path": path, "mode": "100644"} for path in sorted(files)]
        return paged(asked, listed, self.fake.url)

    def _branches(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        listed = [{"name": name, "commit": {"id": commit}} for name, commit in sorted(one.heads.items())]
        return paged(asked, listed, self.fake.url)

    def _make_branch(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        given = asked.json()
        commit, name = one.commit_at(given["ref"]), given["branch"]
        if commit is None:
            return invalid(f"Invalid reference name: {given['ref']}")
        if name in one.heads:
            return invalid("Branch already exists")
        write_head(one.bare.folder, name, commit)
        return Reply(201, {"name": name, "commit": {"id": commit}, "protected": False})

    def _branch(self, asked: Asked, one: FakeRepository, facts: Facts, name: str) -> Reply:
        heads = one.heads
        if name not in heads:
            return missing("Branch")
        told = {"name": name, "commit": {"id": heads[name]}, "protected": name in facts.protected}
        return Reply(data=told)

    def _commit(self, asked: Asked, one: FakeRepository, facts: Facts, ref: str) -> Reply:
        commit = one.commit_at(ref)
        if commit is None:
            return missing("Commit")
        found = next(iter(one.bare.commits(commit, limit=1)))
        told = {"id": found.sha, "parent_ids": list(found.parents), "message": found.message}
        who = git("log", "-1", "--format=%cn", commit, folder=one.bare.folder).decode().strip()
        return Reply(data={**told, "author_name": found.author.name, "committer_name": who})

    def _statuses(self, asked: Asked, one: FakeRepository, facts: Facts, commit: str) -> Reply:
        if one.commit_at(commit) is None:
            return missing("Commit")
        return paged(asked, facts.statuses.get(commit, []), self.fake.url)

    def _archive(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        archive = one.archive(asked.query.get("sha", "HEAD"))
        return Reply(body=archive) if archive else missing("File")
