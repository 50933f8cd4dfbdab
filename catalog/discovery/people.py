"""People and teams of a host → User and Group entities: pure.

team acme/platform/api  →  group:default/platform-api, spec.parent platform when that team counts too
person ana              →  user:default/ana, spec.memberOf every team that has her and counts
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from catalog.discovery.configuration import Wanted
from core.names import slug
from scm.values import Member, Organisation, Team

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


def documents(organisation: Organisation, wanted: Wanted) -> Iterator[dict[str, Any]]:
    """Groups, then users. A team that the pattern leaves out hands its place in the tree to the one above it."""
    teams = {team.path: team for team in sorted(organisation.teams, key=lambda team: team.path)}
    kept = {
        path: team for path, team in teams.items() if re.fullmatch(wanted.group_pattern, _below(path, wanted))
    }
    names = _names({path: _below(path, wanted) for path in kept})
    member_of: dict[str, list[str]] = {}
    for path, team in kept.items():
        for login in team.members:
            member_of.setdefault(login, []).append(names[path])
        yield _group(team, names, _parent(team, teams, kept), wanted)
    people = sorted(organisation.members, key=lambda member: member.login)
    chosen = {one.login: one for one in people if re.fullmatch(wanted.user_pattern, one.login)}
    logins = _names({login: login for login in chosen})
    for login, person in chosen.items():
        yield _user(person, logins[login], member_of.get(login, []), wanted)


def _below(path: str, wanted: Wanted) -> str:
    """A team's path as seen from the organisation; the organisation itself keeps its own name."""
    return path.removeprefix(f"{wanted.owner}/") if path != wanted.owner else path.rpartition("/")[2]


def _names(wishes: Mapping[str, str]) -> dict[str, str]:
    """An entity name for each key: the wish where it can be one and nobody before has it, else with a hash."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for key, wish in wishes.items():
        name = wish.replace("/", "-")
        name = name if _NAME.fullmatch(name) else slug(name)
        if name.lower() in taken:
            name = f"{name[:54]}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
        taken.add(name.lower())
        names[key] = name
    return names


def _parent(team: Team, teams: Mapping[str, Team], kept: Mapping[str, Team]) -> str:
    """The path of the nearest team above that counts; "" at the top. Safe where a host tells a circle."""
    seen, parent = {team.path}, team.parent
    while parent and parent not in kept and parent not in seen:
        seen.add(parent)
        parent = teams[parent].parent if parent in teams else ""
    return parent if parent in kept and parent != team.path else ""


def _group(team: Team, names: Mapping[str, str], parent: str, wanted: Wanted) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": "team", "profile": {"displayName": team.name}, "children": []}
    if parent:
        spec["parent"] = names[parent]
    annotations = {f"{wanted.host}/team-slug": team.path}
    return _entity("Group", names[team.path], annotations, team.web_url, team.description, spec, wanted)


def _user(person: Member, name: str, groups: list[str], wanted: Wanted) -> dict[str, Any]:
    profile = {"displayName": person.name or person.login, "email": person.email, "picture": person.picture}
    spec = {"profile": {key: value for key, value in profile.items() if value}, "memberOf": sorted(groups)}
    return _entity(
        "User", name, {f"{wanted.host}/user-login": person.login}, person.web_url, "", spec, wanted
    )


def _entity(
    kind: str,
    name: str,
    annotations: dict[str, str],
    web_url: str,
    description: str,
    spec: dict[str, Any],
    wanted: Wanted,
) -> dict[str, Any]:
    if web_url:
        annotations["backstage.io/view-url"] = web_url
    metadata: dict[str, Any] = {"name": name, "namespace": wanted.namespace, "annotations": annotations}
    if description:
        metadata["description"] = description
    return {"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}
