"""A fake GitLab's groups, namespaces and people."""

from typing import TYPE_CHECKING, Any

from scm.fakes.gitlab.replies import forbidden, invalid, missing
from scm.fakes.server import Asked, Reply, paged
from scm.fakes.state import FakeTeam

if TYPE_CHECKING:
    from scm.fakes.gitlab.server import FakeGitLab

_FIRST, _PERSONAL = 101, 9000


class Groups:
    """/groups, /namespaces, /users. Groups are the state's organisations; their teams are the subgroups."""

    def __init__(self, fake: "FakeGitLab") -> None:
        self.fake = fake
        self._numbers: dict[str, int] = {}
        at, group = fake.api_path, rf"{fake.api_path}/groups/([^/]+)"
        for method, pattern, handler in (
            ("POST", f"{at}/groups", self._make),
            ("GET", group, self._tell),
            ("DELETE", group, self._remove),
            ("GET", f"{group}/projects", self._projects),
            ("GET", f"{group}/subgroups", self._subgroups),
            ("GET", f"{group}/descendant_groups", self._descendants),
            ("GET", f"{group}/members", self._members),
            ("GET", f"{at}/namespaces/([^/]+)", self._namespace),
            ("GET", f"{at}/user", self._me),
            ("GET", f"{at}/users", self._people),
            ("GET", rf"{at}/users/(\d+)", self._numbered),
            ("GET", rf"{at}/users/(\d+)/projects", self._of_person),
            ("GET", f"{at}/groups", self._mine),
        ):
            fake.route(method, pattern, handler)

    def namespace(self, number: Any, me: str) -> str | None:
        """The full path of a namespace by its number; without one, that of whoever asks."""
        if number is None:
            return me
        paths = {one: path for path, (one, _) in self._all().items()}
        people = {_PERSONAL + one: login for login, one in self.fake.numbers.items()}
        return {**paths, **people}.get(int(number))

    def _all(self) -> dict[str, tuple[int, FakeTeam | None]]:
        """Full path → number, with the subgroup's own facts below the top."""
        found: dict[str, tuple[int, FakeTeam | None]] = {}
        for root, teams in sorted(self.fake.state.teams.items()):
            for path, team in ((root, None), *((team.slug, team) for team in teams)):
                number = self._numbers.setdefault(path, _FIRST + len(self._numbers))
                found[path] = (number, team)
        return found

    def _of(self, asked: str) -> tuple[int, str, FakeTeam | None] | None:
        wanted = self.fake.read(asked)
        for path, (number, team) in self._all().items():
            if wanted == str(number) or wanted.lower() == path.lower():
                return number, path, team
        return None

    def _shown(self, number: int, path: str, team: FakeTeam | None) -> dict[str, Any]:
        name = path.rpartition("/")[2]
        return {
            "id": number,
            "path": name,
            "full_path": path,
            "name": team.name if team else name.title(),
            "description": team.description if team else "",
            "web_url": f"{self.fake.url}/groups/{path}",
        }

    def _make(self, asked: Asked) -> Reply:
        given = asked.json()
        parent = self._of(str(given["parent_id"])) if given.get("parent_id") else None
        if given.get("parent_id") and parent is None:
            return missing("Group")
        if parent is None and self.fake.refuses_top_groups:
            return forbidden()
        path = f"{parent[1]}/{given['path']}" if parent else given["path"]
        if self._of(path) is not None:
            return invalid('Failed to save group {:path=>["has already been taken"]}')
        if parent is None:
            self.fake.state.teams[path] = []
        else:
            team = FakeTeam(path, given["name"], parent[1], given.get("description") or "")
            self.fake.state.teams[path.split("/")[0]].append(team)
        found = self._of(path)
        return Reply(201, self._shown(*found)) if found else missing("Group")

    def _tell(self, asked: Asked, group: str) -> Reply:
        found = self._of(group)
        return Reply(data=self._shown(*found)) if found else missing("Group")

    def _remove(self, asked: Asked, group: str) -> Reply:
        found = self._of(group)
        if found is None:
            return missing("Group")
        root = found[1].split("/")[0]
        if found[2] is None:
            del self.fake.state.teams[root]
        else:
            teams = self.fake.state.teams[root]
            teams[:] = [one for one in teams if one.slug != found[1]]
        return Reply(202, {"message": "202 Accepted"})

    def _projects(self, asked: Asked, group: str) -> Reply:
        found = self._of(group)
        if found is None:
            return missing("Group")
        listed = sorted(self.fake.state.below(found[1]), key=lambda one: one.id)
        if asked.query.get("include_subgroups") != "true":
            listed = [one for one in listed if one.owner == found[1]]
        return paged(asked, [self.fake.document(one) for one in listed], self.fake.url)

    def _mine(self, asked: Asked) -> Reply:
        """All that there are: everybody is a member everywhere here."""
        listed = [self._shown(number, path, team) for path, (number, team) in self._all().items()]
        return paged(asked, listed, self.fake.url)

    def _of_person(self, asked: Asked, number: str) -> Reply:
        login = next((login for login, one in self.fake.numbers.items() if one == int(number)), None)
        if login is None:
            return missing("User")
        listed = [one for one in self.fake.state.repositories.values() if one.owner == login]
        return paged(asked, [self.fake.document(one) for one in listed], self.fake.url)

    def _subgroups(self, asked: Asked, group: str) -> Reply:
        return self._below(asked, group, deep=False)

    def _descendants(self, asked: Asked, group: str) -> Reply:
        return self._below(asked, group, deep=True)

    def _below(self, asked: Asked, group: str, *, deep: bool) -> Reply:
        found = self._of(group)
        if found is None:
            return missing("Group")
        listed = [
            self._shown(number, path, team)
            for path, (number, team) in self._all().items()
            if path.startswith(f"{found[1]}/") and (deep or path.rpartition("/")[0] == found[1])
        ]
        return paged(asked, listed, self.fake.url)

    def _members(self, asked: Asked, group: str) -> Reply:
        found = self._of(group)
        if found is None:
            return missing("Group")
        team, state = found[2], self.fake.state
        taken = {login for one in state.teams[found[1].split("/")[0]] for login in one.members}
        logins = team.members if team else sorted(state.people.keys() - taken)
        return paged(asked, [self.fake.person(login) for login in logins], self.fake.url)

    def _namespace(self, asked: Asked, namespace: str) -> Reply:
        found = self._of(namespace)
        if found is not None:
            return Reply(data={"id": found[0], "kind": "group", "full_path": found[1]})
        login = self.fake.read(namespace)
        if login not in self.fake.numbers:
            return missing("Namespace")
        number = _PERSONAL + self.fake.numbers[login]
        return Reply(data={"id": number, "kind": "user", "full_path": login})

    def _me(self, asked: Asked) -> Reply:
        login = self.fake.whose(asked)
        return Reply(data={**self.fake.person(login), "email": f"{login}@example.com"})

    def _people(self, asked: Asked) -> Reply:
        logins = [one for one in self.fake.numbers if asked.query.get("username", one).lower() == one.lower()]
        return paged(asked, [self.fake.person(login) for login in logins], self.fake.url)

    def _numbered(self, asked: Asked, number: str) -> Reply:
        logins = [login for login, one in self.fake.numbers.items() if one == int(number)]
        return Reply(data=self.fake.person(logins[0])) if logins else missing("User")
