"""Variables for the pipelines of a GitLab project."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.errors import NotFound
from scm.gitlab.paths import of

if TYPE_CHECKING:
    from scm.gitlab.access import Access

EVERYWHERE = "*"


def find_variable(access: "Access", project: str, key: str, scope: str) -> dict[str, Any] | None:
    """A variable as GitLab tells it; a value that is masked and hidden is not told."""
    try:
        return access.get(of(project, "variables", key), **_scoped(scope))
    except NotFound:
        return None


def keep_variable(access: "Access", project: str, wanted: Mapping[str, Any]) -> bool:
    """Have a variable as `wanted` says, by GitLab's own names; True when it was made, False when it was there."""
    key, scope = str(wanted["key"]), str(wanted.get("environment_scope") or EVERYWHERE)
    if find_variable(access, project, key, scope) is None:
        access.post(of(project, "variables"), wanted)
        return True
    changed = {name: value for name, value in wanted.items() if name not in {"key", "masked_and_hidden"}}
    access.put(of(project, "variables", key), {**changed, "filter": {"environment_scope": scope}})
    return False


def remove_variable(access: "Access", project: str, key: str, scope: str) -> None:
    """Take a variable away; one that is gone is fine."""
    try:
        access.delete(of(project, "variables", key), **_scoped(scope))
    except NotFound:
        return


def _scoped(scope: str) -> dict[str, str]:
    return {"filter[environment_scope]": scope}
