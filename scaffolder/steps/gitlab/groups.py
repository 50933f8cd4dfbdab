"""gitlab:group:ensureExists."""

from typing import Any

from core.errors import InputError
from scaffolder.errors import CannotUndo
from scaffolder.steps.gitlab.places import INSTANCE, hub_of, instance, instance_named
from scaffolder.steps.places import TOKEN, proof
from scaffolder.steps.port import (
    Action,
    Example,
    Foreseen,
    Made,
    StepContext,
    UndoContext,
    object_schema,
    text,
)
from scaffolder.steps.publishing import left_to_a_person
from scm.gitlab import groups
from scm.gitlab.groups import Group
from scm.names import checked_name

GROUP = "group"
MOST_LEVELS = 20


def ensure(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Have the groups of a path, each below the one before; those that are there stay as they are."""
    parts = _parts(given)
    if ctx.dry_run:
        ctx.log(f"Would have the group {_full_path(parts)}")
        return {"groupId": 0}
    access, parent = instance(given).access, None
    for count, (slug, name) in enumerate(parts, start=1):
        parent = _have(ctx, given, access, parent, slug, name, _full_path(parts[:count]))
        ctx.check_cancelled()
    return {"groupId": parent.id if parent else 0}


def _have(
    ctx: StepContext,
    given: dict[str, Any],
    access: Any,
    parent: Group | None,
    slug: str,
    name: str,
    path: str,
) -> Group:
    key = _key(given, path)
    found = groups.find_group(access, path)
    before = ctx.checkpoint(f"there {key}", lambda: found is not None)
    if before and found is not None:
        return found
    ctx.ledger.intend(GROUP, key, host=instance_named(given), path=path)
    made = found or groups.create_group(access, parent, slug, name, given.get("description") or "")
    ctx.ledger.prove(GROUP, key, id=made.id)
    ctx.log(f"Group {path} is made")
    return made


def _parts(given: dict[str, Any]) -> list[tuple[str, str]]:
    """Slug and name of each group of the path; a text is both."""
    parts = []
    for one in given["path"]:
        slug, name = (one, one) if isinstance(one, str) else (one["slug"], one["name"])
        parts += [(checked_name("path", part), name if name != slug else part) for part in slug.split("/")]
    if len(parts) > MOST_LEVELS:
        raise InputError(f"path has {len(parts)} groups; GitLab nests {MOST_LEVELS} at the most")
    return parts


def _full_path(parts: list[tuple[str, str]]) -> str:
    return "/".join(slug for slug, _ in parts)


def _key(given: dict[str, Any], path: str) -> str:
    return f"{instance_named(given)}:{path}"


def foresee(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    """Those that are not there yet."""
    parts, access = _parts(given), instance(given).access
    paths = [_full_path(parts[:count]) for count in range(1, len(parts) + 1)]
    absent = [path for path in paths if groups.find_group(access, path) is None]
    return Foreseen(tuple((GROUP, _key(given, path)) for path in absent), {"groupId": 0})


def undo(ctx: UndoContext, made: Made) -> None:
    """Remove the group if the run made it and nothing is in it."""
    access, group_id = hub_of(made).access, proof(made, "id")
    with left_to_a_person(f"group {made.key}"):
        if group_id is None:
            if groups.find_group(access, made.details["path"]) is None:
                ctx.log(f"Group {made.key} was never made")
                return
            raise CannotUndo(
                f"group {made.key} is there, and this run cannot prove that it made it; look at it"
            )
        if not groups.remove_empty_group(access, group_id):
            raise CannotUndo(
                f"group {made.key} has projects or groups in it; remove it there when it is empty"
            )
    ctx.log(f"Group {made.key} is removed")


ACTIONS = (
    Action(
        id="gitlab:group:ensureExists",
        description="Has a group on GitLab, with those above it.",
        input=object_schema(
            ("repoUrl", "path"),
            repoUrl=INSTANCE,
            token=TOKEN,
            description=text("What a group that is made is for."),
            path={
                "type": "array",
                "minItems": 1,
                "description": "The groups from the top, each by name, or by name and slug.",
                "items": {
                    "anyOf": [
                        {"type": "string"},
                        {
                            "type": "object",
                            "properties": {
                                "name": text("As people see it."),
                                "slug": text("As in addresses."),
                            },
                            "required": ["name", "slug"],
                            "additionalProperties": False,
                        },
                    ]
                },
            },
        ),
        output=object_schema(
            groupId={"type": "number", "description": "GitLab's number of the innermost group."}
        ),
        run=ensure,
        dry_run=True,
        foresee=foresee,
        undo=undo,
        examples=(
            Example(
                "Have a team's group",
                "steps:\n  - action: gitlab:group:ensureExists\n    input:\n      repoUrl: gitlab.com\n"
                "      path: [acme, {name: Money Team, slug: money}]\n",
            ),
        ),
    ),
)
