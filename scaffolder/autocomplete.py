"""Suggestions for form fields that name something on a code host, asked with the person's own token.

The resources are those that the contract's pickers ask for. A token goes only to hosts that are configured here.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from core.errors import InputError, NotImplementedHere
from scm.port import ActingAs, Listing, Reading
from scm.registry import connection, hosts
from scm.values import RepositoryName

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
    for one in _listing(host).repositories(_needed(context, "owner")):
        yield {"id": str(one.name)}


def _repositories(host: Reading, context: Context) -> Iterator[Result]:
    for one in _listing(host).repositories(_needed(context, "owner")):
        yield {"id": one.name.name, "title": one.name.name}


def _projects(host: Reading, context: Context) -> Iterator[Result]:
    """A group's projects; the group by its id or its path."""
    for one in _listing(host).repositories(_needed(context, "id")):
        yield {"id": one.id or str(one.name), "title": one.name.name}


def _branches(host: Reading, context: Context) -> Iterator[Result]:
    name = RepositoryName(_needed(context, "owner"), _needed(context, "repository"))
    for one in host.branches(name):
        yield {"id": one.name}


def _needed(context: Context, name: str) -> str:
    if not context.get(name):
        raise InputError(f"request/body/context must have required property '{name}'")
    return context[name]


def _listing(host: Reading) -> Listing:
    if not isinstance(host, Listing):
        raise NotImplementedHere(f"{host.host} cannot tell which repositories it has")
    return host


_Resource = Callable[[Reading, Context], Iterator[Result]]
_RESOURCES: dict[str, dict[str, _Resource]] = {
    "github": {"repositoriesWithOwner": _repositories_with_owner, "branches": _branches},
    "gitlab": {"projects": _projects, "branches": _branches},
    "local": {
        "repositoriesWithOwner": _repositories_with_owner,
        "repositories": _repositories,
        "branches": _branches,
    },
}
