"""Who works in a GitLab group: everybody, and its descendants as teams."""

from typing import Any

from scm.gitlab.access import Access
from scm.gitlab.paths import group
from scm.values import Member, Organisation, Team


def read_organisation(access: Access, owner: str) -> Organisation:
    """A group and its descendants as teams. GitLab shows addresses of people to administrators only."""
    root = access.get(group(owner), with_projects="false")
    people: dict[str, Member] = {}
    teams = []
    for one in [root, *access.pages(group(owner, "descendant_groups"))]:
        members = [
            member
            for member in access.pages(group(one["id"], "members"))
            if member.get("state", "active") == "active"
        ]
        people |= {member["username"]: _member(member) for member in members}
        teams.append(_team(one, tuple(member["username"] for member in members), top=one is root))
    return Organisation(tuple(teams), tuple(people.values()))


def _member(data: dict[str, Any]) -> Member:
    return Member(
        login=data["username"],
        name=data.get("name") or "",
        email=data.get("email") or data.get("public_email") or "",
        picture=data.get("avatar_url") or "",
        web_url=data.get("web_url") or "",
    )


def _team(data: dict[str, Any], members: tuple[str, ...], *, top: bool) -> Team:
    path = data["full_path"]
    return Team(
        path=path,
        slug=data["path"],
        name=data.get("name") or data["path"],
        description=data.get("description") or "",
        parent="" if top else path.rpartition("/")[0],
        web_url=data.get("web_url") or "",
        members=members,
    )
