"""Whom a fake GitHub knows: people, organisations, teams, Apps and their installations."""

import time
from typing import TYPE_CHECKING, Any

import jwt

from scm.fakes.github import documents
from scm.fakes.github.replies import forbidden, missing
from scm.fakes.server import Asked, Reply, paged
from scm.fakes.state import FakeTeam

if TYPE_CHECKING:
    from scm.fakes.github.server import FakeGitHub


class Accounts:
    """GET /users, /user, /orgs/…/teams, the App's own doors, and GraphQL for people and teams."""

    def __init__(self, fake: "FakeGitHub") -> None:
        self.fake = fake
        base = fake.api.removeprefix(fake.url)
        fake.route("GET", f"{base}/users/([^/]+)", self._account)
        fake.route("GET", f"{base}/user", self._me)
        fake.route("GET", f"{base}/user/orgs", self._my_organisations)
        fake.route("GET", f"{base}/orgs/([^/]+)/teams/([^/]+)", self._team)
        fake.route("GET", f"{base}/app/installations", self._installed)
        fake.route("POST", rf"{base}/app/installations/(\d+)/access_tokens", self._token)
        fake.route("POST", "/api/graphql", self._graphql)

    @staticmethod
    def is_app(fake: "FakeGitHub", secret: str) -> bool:
        """Whether a secret is signed by an App's key."""
        for app_id, key in fake.apps.items():
            try:
                jwt.decode(secret, key, algorithms=["RS256"], issuer=app_id)
            except jwt.PyJWTError:
                continue
            return True
        return False

    def _account(self, asked: Asked, login: str) -> Reply:
        state = self.fake.state
        if login not in state.teams and login not in state.people and login != self.fake.me:
            return missing()
        name = state.people[login].name if login in state.people else ""
        data = documents.account(self.fake.url, self.fake.api, login, name, organisation=login in state.teams)
        return Reply(data=data)

    def _me(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization", "").partition(" ")[2].startswith("ghs_"):
            return forbidden("Resource not accessible by integration")
        return Reply(data=documents.account(self.fake.url, self.fake.api, self.fake.whose(asked), ""))

    def _my_organisations(self, asked: Asked) -> Reply:
        """Everybody is in every organisation here."""
        listed = [self._card(owner) for owner in sorted(self.fake.state.teams)]
        return paged(asked, listed, self.fake.url)

    def _card(self, owner: str) -> dict[str, Any]:
        """An organisation as lists tell it."""
        account = documents.account(self.fake.url, self.fake.api, owner, owner, organisation=True)
        whole = _as_organisation(account) | {"description": ""}
        at = whole["url"]
        addresses = documents.links(at, ["repos", "events", "hooks", "issues", "members", "public_members"])
        return {
            name: whole[name]
            for name in ("login", "id", "node_id", "url", "avatar_url", "description", *addresses)
        }

    def _team(self, asked: Asked, owner: str, slug: str) -> Reply:
        found = next((one for one in self.fake.state.teams.get(owner, ()) if one.slug == slug), None)
        if found is None:
            return missing()
        number = sum(slug.encode())
        at = f"{self.fake.api}/organizations/1/team/{number}"
        organisation = documents.account(self.fake.url, self.fake.api, owner, owner, organisation=True)
        data = {
            "id": number,
            "node_id": documents.node("T", number),
            "url": at,
            "html_url": f"{self.fake.url}/orgs/{owner}/teams/{slug}",
            "members_url": f"{at}/members{{/member}}",
            "repositories_url": f"{at}/repos",
            "name": found.name,
            "slug": slug,
            "description": found.description or None,
            "permission": "pull",
            "type": "organization",
            "members_count": len(found.members),
            "repos_count": 0,
            "created_at": documents.BORN,
            "updated_at": documents.BORN,
            "organization": _as_organisation(organisation),
        }
        return Reply(data=data)

    def _installed(self, asked: Asked) -> Reply:
        listed = [{"id": one, "account": {"login": login}} for one, login in self.fake.installations.items()]
        return paged(asked, listed, self.fake.url)

    def _token(self, asked: Asked, installation: str) -> Reply:
        if int(installation) not in self.fake.installations:
            return missing()
        made = f"ghs_{installation}_{len(self.fake.tokens)}"
        self.fake.tokens[made] = self.fake.installations[int(installation)]
        expires = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        return Reply(
            201, {"token": made, "expires_at": expires, "permissions": {}, "repository_selection": "all"}
        )

    def _graphql(self, asked: Asked) -> Reply:
        """The three questions of `scm.github.directory`, told apart by their operation's name."""
        said = asked.json()
        query, given = said["query"], said["variables"]
        owner = given["login"]
        if owner not in self.fake.state.teams:
            message = f"Could not resolve to an Organization with the login of '{owner}'."
            return Reply(
                data={"data": {"organization": None}, "errors": [{"type": "NOT_FOUND", "message": message}]}
            )
        if query.startswith("query Members"):
            people = [self._person(login) for login in sorted(self.fake.state.people)]
            return _organisation({"page": _nodes(people, given.get("after"), 100)})
        if query.startswith("query Teams"):
            teams = [self._node(owner, one) for one in self.fake.state.teams[owner]]
            return _organisation({"page": _nodes(teams, given.get("after"), 50)})
        team = next(one for one in self.fake.state.teams[owner] if one.slug == given["slug"])
        logins = [{"login": login} for login in team.members]
        return _organisation({"team": {"page": _nodes(logins, given.get("after"), 100)}})

    def _person(self, login: str) -> dict[str, Any]:
        one = self.fake.state.people[login]
        urls = {"avatarUrl": f"{self.fake.url}/avatars/{login}", "url": f"{self.fake.url}/{login}"}
        return {"login": login, "name": one.name or None, "email": one.email, **urls}

    def _node(self, owner: str, one: FakeTeam) -> dict[str, Any]:
        return {
            "slug": one.slug,
            "name": one.name,
            "description": one.description or None,
            "url": f"{self.fake.url}/orgs/{owner}/teams/{one.slug}",
            "parentTeam": {"slug": one.parent} if one.parent else None,
            "members": _nodes([{"login": login} for login in one.members], None, 100),
        }


def _as_organisation(account: dict[str, Any]) -> dict[str, Any]:
    """An organisation as a team tells it, with addresses of its own."""
    at = account["url"].replace("/users/", "/orgs/")
    return account | {
        **dict.fromkeys(("company", "location"), ""),
        "blog": "https://acme.example.com",
        "email": "hello@acme.example.com",
        "url": at,
        **documents.links(at, ["repos", "events", "hooks", "issues", "members", "public_members"]),
        "description": None,
        "has_organization_projects": True,
        "has_repository_projects": True,
        "archived_at": None,
    }


def _organisation(data: dict[str, Any]) -> Reply:
    return Reply(data={"data": {"organization": data}})


def _nodes(items: list[Any], after: str | None, size: int) -> dict[str, Any]:
    start = int(after or 0)
    end = start + size
    return {"pageInfo": {"hasNextPage": end < len(items), "endCursor": str(end)}, "nodes": items[start:end]}
