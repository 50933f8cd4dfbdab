"""What a fake code host remembers: repositories, people, teams."""

import itertools
import shutil
import tempfile
import weakref
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from scm.fakes.objects import sha
from scm.fakes.repository import FakeRepository

__all__ = ["FakePerson", "FakeRepository", "FakeTeam", "State", "sha"]


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

    @cached_property
    def folder(self) -> Path:
        """Where the bare repositories lie, by number; it goes when the state does."""
        made = Path(tempfile.mkdtemp(prefix="greenroom-fake-host-"))
        weakref.finalize(self, shutil.rmtree, made, ignore_errors=True)
        return made

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
        number = next(self._ids)
        place = self.folder / f"{number}.git"
        made = FakeRepository(number, owner, name, place, **facts)  # type: ignore[arg-type]
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
