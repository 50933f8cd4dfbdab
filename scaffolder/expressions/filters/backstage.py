"""Backstage's own filters: parseRepoUrl, parseEntityRef, pick, projectSlug.

They take and give plain data, as every filter does that is added to the language from outside.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from core.errors import InputError
from scaffolder.expressions.tokens import RESERVED
from scaffolder.expressions.values import UNDEFINED

REQUIRED_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "azure": ("project", "repo"),
    "bitbucketCloud": ("workspace", "project", "repo"),
    "bitbucketServer": ("project", "repo"),
    "gerrit": ("repo",),
    "gitea": ("repo",),
    "github": ("owner", "repo"),
    "gitlab": ("owner", "repo"),
    "local": ("owner", "repo"),
}
"""Integration type → what its repository URLs must name. An unknown type needs owner and repo."""

_OPTIONAL: Final = ("organization", "workspace", "project")


def backstage_filters(hosts: Mapping[str, str]) -> dict[str, Callable[..., Any]]:
    """The four filters. `hosts`: configured host → its integration type, as `{"github.com": "github"}`."""

    def parse_repo_url(url: Any) -> dict[str, str]:
        return parsed_repo_url(url, hosts)

    def project_slug(url: Any) -> str:
        parts = parsed_repo_url(url, hosts)
        return f"{parts['owner']}/{parts['repo']}"

    return {
        "parseRepoUrl": parse_repo_url,
        "parseEntityRef": parsed_entity_ref,
        "pick": picked,
        "projectSlug": project_slug,
    }


def parsed_repo_url(url: Any, hosts: Mapping[str, str]) -> dict[str, str]:
    """`host?owner=o&repo=r` taken apart. Raises InputError when the host is unknown or a part is missing."""
    if not isinstance(url, str) or not url:
        raise InputError(f"Invalid repo URL passed to publisher, got {url!r}: give host?owner=…&repo=…")
    full = f"https://{url}"
    try:
        address = urlsplit(full)
        host = address.netloc
    except ValueError as error:
        raise InputError(f"Invalid repo URL passed to publisher, got {full}, {error}") from error
    given = {key: value.strip("/") for key, value in parse_qsl(address.query, keep_blank_values=True)}
    kind = hosts.get(host)
    if kind is None:
        raise InputError(
            f"No matching integration configuration for host {host}, please check your integrations config"
        )
    required = REQUIRED_PARTS.get(kind, ("owner", "repo"))
    if kind == "gitlab" and given.get("project"):
        required = ()
    for part in required:
        if not given.get(part):
            raise InputError(f"Invalid repo URL passed to publisher: {full}, missing {part}")
    found = {"host": host, "owner": given.get("owner", ""), "repo": given.get("repo", "")}
    return found | {part: given[part] for part in _OPTIONAL if given.get(part)}


def parsed_entity_ref(ref: Any, defaults: Any = None) -> dict[str, str]:
    """`kind:namespace/name` taken apart, case kept. Raises InputError when a part is missing."""
    context = defaults if isinstance(defaults, Mapping) else {}
    if not isinstance(ref, str) or not ref:
        raise InputError(f"Entity reference must be a string, got {ref!r}")
    before, colon, rest = ref.partition(":")
    kind, rest = (before, rest) if colon else (context.get("defaultKind", ""), ref)
    namespace, slash, name = rest.partition("/")
    if not slash:
        namespace, name = context.get("defaultNamespace") or "default", rest
    if not kind:
        raise InputError(
            f'Entity reference "{ref}" had missing or empty kind: write it as kind:namespace/name'
        )
    if not namespace or not name:
        raise InputError(f'Entity reference "{ref}" was not on the form [<kind>:][<namespace>/]<name>')
    return {"kind": kind, "namespace": namespace, "name": name}


def picked(value: Any, path: Any) -> Any:
    """The member at a path such as `a.b` or `list.0.name`; undefined when there is none."""
    parts = path if isinstance(path, list) else str(path).replace("[", ".").replace("]", "").split(".")
    for part in map(str, parts):
        if isinstance(value, Mapping) and part in value and part not in RESERVED:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return UNDEFINED
    return value
