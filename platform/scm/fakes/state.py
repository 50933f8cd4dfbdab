"""What a fake code host remembers: repositories with branches of files, people, teams."""

import hashlib
import io
import itertools
import tarfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def sha(content: bytes, kind: str = "blob") -> str:
    """The id that git gives an object."""
    return hashlib.sha1(
        b"%s %d\0" % (kind.encode(), len(content)) + content, usedforsecurity=False
    ).hexdigest()


@dataclass
class FakeRepository:
    """A repository; `branches` maps a branch to its files, path → bytes."""

    id: int
    owner: str
    name: str
    description: str = ""
    default_branch: str = "main"
    visibility: str = "private"
    archived: bool = False
    fork: bool = False
    topics: list[str] = field(default_factory=list)
    branches: dict[str, dict[str, bytes]] = field(default_factory=dict)
    pushes: int = 0

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def pushed_at(self) -> str:
        return (_BEGIN + timedelta(seconds=self.pushes)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def push(self, files: dict[str, bytes], branch: str = "") -> str:
        """Make a branch hold exactly these files; answer its commit."""
        name = branch or self.default_branch
        self.branches[name] = dict(files)
        self.pushes += 1
        return self.commit(name)

    def commit(self, branch: str) -> str:
        """The id of a branch's commit."""
        return sha(repr((self.id, branch, sorted(self.branches[branch].items()))).encode(), "commit")

    def files_at(self, ref: str) -> dict[str, bytes] | None:
        """The files at a branch, at "HEAD" or at a commit that some branch points to."""
        name = self.default_branch if ref == "HEAD" else ref
        if name in self.branches:
            return self.branches[name]
        return next((files for branch, files in self.branches.items() if self.commit(branch) == ref), None)

    def archive(self, ref: str) -> bytes | None:
        """A gzipped tar of all files below one folder, as hosts make them."""
        files = self.files_at(ref)
        if files is None:
            return None
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w:gz") as tar:
            for path, content in sorted(files.items()):
                entry = tarfile.TarInfo(f"{self.name}-{ref.replace('/', '-')}/{path}")
                entry.size, entry.mode = len(content), 0o755 if path.endswith(".sh") else 0o644
                tar.addfile(entry, io.BytesIO(content))
        return made.getvalue()


@dataclass
class FakePerson:
    """Somebody with an account."""

    login: str
    name: str = ""
    email: str = ""
    active: bool = True


@dataclass
class FakeTeam:
    """A team, or a subgroup: `parent` is the slug (GitLab: the full path) of the one above."""

    slug: str
    name: str
    parent: str = ""
    description: str = ""
    members: list[str] = field(default_factory=list)


@dataclass
class State:
    """Everything on a fake host."""

    repositories: dict[str, FakeRepository] = field(default_factory=dict)
    people: dict[str, FakePerson] = field(default_factory=dict)
    teams: dict[str, list[FakeTeam]] = field(default_factory=dict)
    """By organisation; an organisation without teams has an empty list."""
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def organisation(self, name: str, *logins: str) -> None:
        """An organisation with people."""
        self.teams.setdefault(name, [])
        for login in logins:
            self.people.setdefault(login, FakePerson(login, login.title(), f"{login}@example.com"))

    def repository(
        self, full_name: str, files: dict[str, bytes] | None = None, **facts: object
    ) -> FakeRepository:
        """A repository, its files on the default branch."""
        owner, _, name = full_name.rpartition("/")
        made = FakeRepository(next(self._ids), owner, name, **facts)  # type: ignore[arg-type]
        self.repositories[full_name] = made
        if files is not None:
            made.push(files)
        return made

    def below(self, owner: str) -> list[FakeRepository]:
        """Repositories of an owner and of what lies below it."""
        return [
            one
            for one in self.repositories.values()
            if one.owner.lower() == owner.lower() or one.owner.startswith(f"{owner}/")
        ]

    def named(self, full_name: str) -> FakeRepository | None:
        """A repository, letter case aside."""
        return next(
            (one for one in self.repositories.values() if one.full_name.lower() == full_name.lower()), None
        )
