"""A fake GitHub's repositories: made, described, changed, removed, and who may come in."""

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from scm.fakes.github.documents import BORN, node
from scm.fakes.github.facts import Facts
from scm.fakes.github.replies import forbidden, invalid, missing, nothing
from scm.fakes.server import Asked, Reply, paged
from scm.fakes.state import FakeRepository

if TYPE_CHECKING:
    from scm.fakes.github.server import FakeGitHub

_LONGEST = 350


class Repositories:
    """/repos, /orgs/…/repos, /user/repos, and what is set there once."""

    def __init__(self, fake: "FakeGitHub") -> None:
        self.fake = fake
        base = fake.api.removeprefix(fake.url)
        fake.route("GET", f"{base}/orgs/([^/]+)/repos", self._of_organisation)
        fake.route("GET", f"{base}/users/([^/]+)/repos", self._of_person)
        fake.route("POST", f"{base}/orgs/([^/]+)/repos", self._make)
        fake.route("POST", f"{base}/user/repos", self._make_own)
        fake.route("GET", rf"{base}/repositories/(\d+)", self._numbered)
        fake.route("PUT", f"{base}/orgs/([^/]+)/teams/([^/]+)/repos/([^/]+)/([^/]+)", self._let_team_in)
        fake.within("GET", "", self._tell)
        fake.within("PATCH", "", self._change)
        fake.within("DELETE", "", self._remove)
        fake.within("PUT", "/topics", self._topics)
        fake.within("PUT", "/collaborators/([^/]+)", self._let_in)
        fake.within("PUT", "/subscription", self._watch)
        fake.within("PATCH", "/properties/values", self._properties)

    def _of_organisation(self, asked: Asked, owner: str) -> Reply:
        return self._listed(asked, owner) if unquote(owner) in self.fake.state.teams else missing()

    def _of_person(self, asked: Asked, login: str) -> Reply:
        return self._listed(asked, login) if unquote(login) in self.fake.state.people else missing()

    def _listed(self, asked: Asked, owner: str) -> Reply:
        found = sorted(self.fake.state.below(unquote(owner)), key=lambda one: one.full_name)
        return paged(asked, [self.fake.document(one) for one in found], self.fake.url)

    def _tell(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        pushes = self.fake.may_push(asked.headers.get("authorization", "").partition(" ")[2], one)
        permissions = dict.fromkeys(("admin", "maintain", "push", "triage"), pushes) | {"pull": True}
        return Reply(data={**self.fake.document(one), "permissions": permissions})

    def _numbered(self, asked: Asked, number: str) -> Reply:
        found = [one for one in self.fake.state.repositories.values() if one.id == int(number)]
        return Reply(data=self.fake.document(found[0])) if found else missing()

    def _make(self, asked: Asked, owner: str) -> Reply:
        return self._made(asked, owner) if owner in self.fake.state.teams else missing()

    def _make_own(self, asked: Asked) -> Reply:
        return self._made(asked, self.fake.whose(asked))

    def _made(self, asked: Asked, owner: str) -> Reply:
        given = asked.json()
        description = given.get("description") or ""
        if len(description) > _LONGEST or not description.isprintable():
            words = "description control characters are not allowed, and 350 characters are the most"
            return invalid("Repository", "description", words, said="Repository creation failed.")
        if self.fake.state.named(f"{owner}/{given['name']}") is not None:
            words = "name already exists on this account"
            return invalid("Repository", "name", words, said="Repository creation failed.")
        made = self.fake.state.repository(
            f"{owner}/{given['name']}",
            description=description,
            visibility="private" if given.get("private") else "public",
        )
        return Reply(201, self.fake.document(made))

    def _change(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        given = dict(asked.json())
        one.description = given.pop("description", one.description) or ""
        if len(one.description) > _LONGEST:
            return invalid("Repository", "description", "description is too long (maximum is 350 characters)")
        wanted = given.pop("default_branch", None)
        if wanted is not None and wanted not in one.heads:
            words = f"The branch {wanted} was not found. Please push that ref first or create it via the Git Data API."
            return invalid("Repository", "default_branch", words)
        one.default_branch = wanted or one.default_branch
        one.visibility = given.pop("visibility", one.visibility)
        name = given.pop("name", one.name)
        if name != one.name:
            self.fake.moved[one.full_name] = one.id
            del self.fake.state.repositories[one.full_name]
            one.name = name
            self.fake.state.repositories[one.full_name] = one
        facts.settings |= given
        return Reply(data=self.fake.document(one))

    def _remove(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        if asked.headers.get("authorization", "").partition(" ")[2] in self.fake.keepers:
            return forbidden("Must have admin rights to Repository.")
        del self.fake.state.repositories[one.full_name]
        return nothing()

    def _topics(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        names = asked.json()["names"]
        wrong = [name for name in names if name != name.lower() or " " in name]
        if wrong:
            return invalid(
                "Repository", "topics", f"Topics must start with a lowercase letter or number: {wrong[0]}"
            )
        one.topics = list(names)
        return Reply(data={"names": one.topics})

    def _let_in(self, asked: Asked, one: FakeRepository, facts: Facts, login: str) -> Reply:
        state, permission = self.fake.state, (asked.json() or {}).get("permission", "push")
        if login not in state.people:
            return missing()
        invited = login not in facts.collaborators
        facts.collaborators[login] = permission
        if not invited:
            return nothing()
        return Reply(201, self._invitation(one, login, permission))

    def _invitation(self, one: FakeRepository, login: str, permission: str) -> dict[str, Any]:
        words = {"pull": "read", "push": "write"}
        return {
            "id": 1,
            "node_id": node("RI", 1),
            "repository": self.fake.document(one),
            "invitee": self.fake.person(login),
            "inviter": self.fake.person(self.fake.me),
            "permissions": words.get(permission, permission),
            "created_at": BORN,
            "url": f"{self.fake.api}/user/repository_invitations/1",
            "html_url": f"{self.fake.url}/{one.full_name}/invitations",
        }

    def _let_team_in(self, asked: Asked, organisation: str, slug: str, owner: str, name: str) -> Reply:
        one = self.fake.found(asked, owner, name)
        known = {team.slug for team in self.fake.state.teams.get(organisation, ())}
        if one is None or slug not in known:
            return missing()
        self.fake.facts(one).teams[slug] = asked.json()["permission"]
        return nothing()

    def _watch(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        facts.watched_by = sorted({*facts.watched_by, self.fake.whose(asked)})
        at = f"{self.fake.api}/repos/{one.full_name}"
        told = {"url": f"{at}/subscription", "repository_url": at, "created_at": BORN, "reason": None}
        return Reply(data={**asked.json(), **told})

    def _properties(self, asked: Asked, one: FakeRepository, facts: Facts) -> Reply:
        for given in asked.json()["properties"]:
            if given["property_name"] not in self.fake.known_properties:
                words = f"Property {given['property_name']} is not defined for the organization"
                return invalid("CustomProperty", "property_name", words)
            facts.properties[given["property_name"]] = given["value"]
        return nothing()
