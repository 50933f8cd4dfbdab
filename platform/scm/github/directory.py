"""Who works in a GitHub organisation: everybody and every team, by GraphQL, a hundred an answer.

REST would need one request a person for names and addresses: 10,000 people would cost two hours' budget.
"""

from collections.abc import Iterator
from typing import Any

from core.errors import NotFound
from scm.github.access import Access
from scm.values import Member, Organisation, Team

_PAGE = "pageInfo { hasNextPage endCursor }"
MEMBERS = f"""query Members($login: String!, $after: String) {{ organization(login: $login) {{
  page: membersWithRole(first: 100, after: $after) {{ {_PAGE} nodes {{ login name email avatarUrl url }} }} }} }}"""
TEAMS = f"""query Teams($login: String!, $after: String) {{ organization(login: $login) {{
  page: teams(first: 50, after: $after) {{ {_PAGE} nodes {{
    slug name description url parentTeam {{ slug }}
    members(first: 100, membership: IMMEDIATE) {{ {_PAGE} nodes {{ login }} }} }} }} }} }}"""
TEAM = f"""query Team($login: String!, $slug: String!, $after: String) {{ organization(login: $login) {{
  team(slug: $slug) {{ page: members(first: 100, after: $after, membership: IMMEDIATE) {{
    {_PAGE} nodes {{ login }} }} }} }} }}"""


def read_organisation(access: Access, owner: str) -> Organisation:
    """Everybody and every team; raises rather than leaving anybody out."""
    members = tuple(_member(node) for node in _nodes(access, owner, MEMBERS))
    teams = tuple(_team(access, owner, node) for node in _nodes(access, owner, TEAMS))
    return Organisation(teams, members)


def _nodes(access: Access, owner: str, query: str) -> Iterator[dict[str, Any]]:
    after: str | None = None
    while True:
        organisation = access.graphql(owner, query, login=owner, after=after).get("organization")
        if organisation is None:
            raise NotFound(f"{access.connection.name} has no organisation {owner!r} that we may see")
        page = organisation["page"]
        yield from page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def _member(node: dict[str, Any]) -> Member:
    return Member(
        login=node["login"],
        name=node.get("name") or "",
        email=node.get("email") or "",
        picture=node.get("avatarUrl") or "",
        web_url=node.get("url") or "",
    )


def _team(access: Access, owner: str, node: dict[str, Any]) -> Team:
    parent = (node.get("parentTeam") or {}).get("slug", "")
    return Team(
        path=f"{owner}/{node['slug']}",
        slug=node["slug"],
        name=node.get("name") or node["slug"],
        description=node.get("description") or "",
        parent=f"{owner}/{parent}" if parent else "",
        web_url=node.get("url") or "",
        members=tuple(_logins(access, owner, node)),
    )


def _logins(access: Access, owner: str, team: dict[str, Any]) -> Iterator[str]:
    page = team["members"]
    while True:
        yield from (node["login"] for node in page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]
        found = access.graphql(owner, TEAM, login=owner, slug=team["slug"], after=after)
        page = found["organization"]["team"]["page"]
