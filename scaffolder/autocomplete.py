"""Suggestions for form fields that name something on a code host, asked with the person's own token.

The resources are those that Backstage's pickers ask for (RepoUrlPicker, RepoOwnerPicker, RepoBranchPicker). A token goes only to hosts that are configured here.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice

from core.errors import InputError, NotImplementedHere
from scm.port import ActingAs, Listing, Personal, Reading
from scm.registry import connection, hosts
from scm.values import Repository, RepositoryName

MOST_RESULTS = 1_000

Context = Mapping[str, str]
Result = dict[str, str]


def suggestions(provider: str, resource: str, *, token: str, context: Context) -> list[Result]:
    """What the host has, `{id, title?}` each, a thousand at the most.

    InputError for a provider or resource that there is not, and for a context that lacks what the resource needs.
    """
    if provider not in _RESOURCES:
        raise InputError(f"Unsupported provider: {provider}")
    offered = _RESOURCES[provider]
    if resource not in offered:
        raise InputError(f"Unsupported resource: {resource}; {provider} has {', '.join(sorted(offered))}")
    host = _asked_with(_host(provider, context), token)
    return list(islice(offered[resource](host, context), MOST_RESULTS))


def _host(provider: str, context: Context) -> Reading:
    """The host that the context names, else the only one of that provider."""
    known = {name: one for name, one in hosts().items() if _provider(name) == provider}
    wanted = context.get("host") or (next(iter(known)) if len(known) == 1 else f"{provider}.com")
    if wanted not in known:
        there = ", ".join(sorted(known)) or "none"
        raise InputError(
            f"request/body/context/host: no {provider} {wanted!r} is configured; there is: {there}"
        )
    return known[wanted]


def _provider(name: str) -> str:
    found = connection(name)
    return found.type if found is not None else name


def _asked_with(host: Reading, token: str) -> Reading:
    if connection(host.host) is None:  # it comes with Greenroom: whoever may ask us may ask it
        return host
    if not isinstance(host, ActingAs):
        raise NotImplementedHere(f"{host.host} cannot be asked with a person's token by this Greenroom")
    if not token:
        raise InputError("request/body/token must not be empty: it is what the code host is asked with")
    return host.acting_with(token)


def _repositories_with_owner(host: Reading, context: Context) -> Iterator[Result]:
    """An owner's repositories; without one, those of the person."""
    personal = isinstance(host, Personal) and not context.get("owner")
    listed = _personal(host).own_repositories() if personal else _of(host, _needed(context, "owner"))
    for one in listed:
        yield {"id": str(one.name)}


def _owners(host: Reading, _context: Context) -> Iterator[Result]:
    for one in _personal(host).owners():
        yield {"id": one.id}


def _groups(host: Reading, _context: Context) -> Iterator[Result]:
    """The groups that the person is in, and the person: repositories lie in either."""
    for one in chain(_personal(host).owners(), [_personal(host).me()]):
        yield {"id": one.id, "title": one.path}


def _repositories(host: Reading, context: Context) -> Iterator[Result]:
    for one in _of(host, _needed(context, "owner")):
        yield {"id": one.name.name, "title": one.name.name}


def _projects(host: Reading, context: Context) -> Iterator[Result]:
    """The projects of a group or of the person, by their id, or by a group's path; each by its name in addresses."""
    owner = _needed(context, "id")
    personal = _personal(host)
    for one in personal.own_repositories() if owner == personal.me().id else _of(host, owner):
        yield {"id": one.name.name, "title": one.name.name}


def _branches(host: Reading, context: Context) -> Iterator[Result]:
    name = RepositoryName(_needed(context, "owner"), _needed(context, "repository"))
    for one in host.branches(name):
        yield {"id": one.name}


def _needed(context: Context, name: str) -> str:
    if not context.get(name):
        raise InputError(f"request/body/context must have required property '{name}'")
    return context[name]


def _of(host: Reading, owner: str) -> Iterator[Repository]:
    if not isinstance(host, Listing):
        raise NotImplementedHere(f"{host.host} cannot tell which repositories it has")
    return host.repositories(owner)


def _personal(host: Reading) -> Personal:
    if not isinstance(host, Personal):
        raise NotImplementedHere(f"{host.host} cannot tell what belongs to a person")
    return host


_Resource = Callable[[Reading, Context], Iterator[Result]]
_RESOURCES: dict[str, dict[str, _Resource]] = {
    "github": {
        "repositoriesWithOwner": _repositories_with_owner,
        "branches": _branches,
        "owners": _owners,
    },
    "gitlab": {"groups": _groups, "repositories": _projects, "branches": _branches},
    "local": {
        "repositoriesWithOwner": _repositories_with_owner,
        "repositories": _repositories,
        "branches": _branches,
    },
}
