"""The JSON in which GitHub tells of people, repositories and labels, every member that its description asks for."""

from typing import Any

from scm.fakes.github.facts import Facts
from scm.fakes.repository import FakeRepository

BORN = "2026-01-01T00:00:00Z"
_PERSON = [
    "followers",
    "following",
    "gists",
    "starred",
    "subscriptions",
    "organizations",
    "repos",
    "events",
    "received_events",
]
_REPOSITORY = [
    "archive",
    "assignees",
    "blobs",
    "branches",
    "collaborators",
    "comments",
    "commits",
    "compare",
    "contents",
    "contributors",
    "deployments",
    "downloads",
    "events",
    "forks",
    "git_commits",
    "git_refs",
    "git_tags",
    "hooks",
    "issue_comment",
    "issue_events",
    "issues",
    "keys",
    "labels",
    "languages",
    "merges",
    "milestones",
    "notifications",
    "pulls",
    "releases",
    "stargazers",
    "statuses",
    "subscribers",
    "subscription",
    "tags",
    "teams",
    "trees",
]
_ALLOWED = {
    "allow_merge_commit": True,
    "allow_squash_merge": True,
    "allow_rebase_merge": True,
    "allow_auto_merge": False,
    "allow_update_branch": False,
    "delete_branch_on_merge": False,
}


def node(kind: str, number: int) -> str:
    """An id of GraphQL's for a thing."""
    return f"{kind}_{number:08}"


def links(at: str, names: list[str]) -> dict[str, str]:
    """The addresses that GitHub puts beside everything."""
    return {f"{name}_url": f"{at}/{name}" for name in names}


def person(url: str, api: str, login: str, *, organisation: bool = False) -> dict[str, Any]:
    number = sum(login.lower().encode()) + 1000
    return {
        "login": login,
        "id": number,
        "node_id": node("U", number),
        "avatar_url": f"{url}/avatars/{login}",
        "gravatar_id": "",
        "url": f"{api}/users/{login}",
        "html_url": f"{url}/{login}",
        **links(f"{api}/users/{login}", _PERSON),
        "type": "Organization" if organisation else "User",
        "site_admin": False,
    }


def account(url: str, api: str, login: str, name: str, *, organisation: bool = False) -> dict[str, Any]:
    """A person or an organisation as GET /users/… tells it."""
    unknown = dict.fromkeys(("bio", "blog", "company", "email", "hireable", "location"))
    counts = dict.fromkeys(("followers", "following", "public_gists", "public_repos"), 0)
    return {
        **person(url, api, login, organisation=organisation),
        "name": name or None,
        **unknown,
        **counts,
        "created_at": BORN,
        "updated_at": BORN,
    }


def repository(
    url: str, api: str, one: FakeRepository, facts: Facts, owner: dict[str, Any]
) -> dict[str, Any]:
    at = f"{api}/repos/{one.full_name}"
    web = f"{url}/{one.full_name}"
    counts = [
        "forks",
        "forks_count",
        "open_issues",
        "open_issues_count",
        "size",
        "stargazers_count",
        "watchers",
        "watchers_count",
    ]
    return {
        "id": one.id,
        "node_id": node("R", one.id),
        "name": one.name,
        "full_name": one.full_name,
        "owner": owner,
        "private": one.visibility != "public",
        "visibility": one.visibility,
        "description": one.description or None,
        "fork": one.fork,
        "archived": one.archived,
        "disabled": False,
        "topics": one.topics,
        "default_branch": one.default_branch,
        "pushed_at": one.pushed_at,
        "created_at": BORN,
        "updated_at": one.pushed_at,
        "url": at,
        "html_url": web,
        "clone_url": f"{web}.git",
        "git_url": f"git:{web.partition(':')[2]}.git",
        "ssh_url": f"git@localhost:{one.full_name}.git",
        "svn_url": web,
        "mirror_url": None,
        **links(at, _REPOSITORY),
        **dict.fromkeys(counts, 0),
        "network_count": 0,
        "subscribers_count": len(facts.watched_by),
        "language": None,
        "license": None,
        "homepage": facts.settings.get("homepage"),
        "has_issues": facts.settings.get("has_issues", True),
        "has_projects": facts.settings.get("has_projects", True),
        "has_wiki": facts.settings.get("has_wiki", True),
        "has_pages": facts.pages is not None,
        "has_discussions": False,
        "has_downloads": True,
        "is_template": False,
        **{name: facts.settings.get(name, default) for name, default in _ALLOWED.items()},
        **{name: value for name, value in facts.settings.items() if name.startswith("squash_merge")},
    }


def label(api: str, full_name: str, name: str) -> dict[str, Any]:
    number = sum(name.encode())
    return {
        "id": number,
        "node_id": node("LA", number),
        "url": f"{api}/repos/{full_name}/labels/{name}",
        "name": name,
        "description": None,
        "color": "ededed",
        "default": False,
    }
