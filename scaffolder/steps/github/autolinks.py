"""github:autolinks:create: have texts such as TICKET-7 lead to another page."""

from typing import Any

from core.errors import Conflict, InputError
from scaffolder.steps.github.places import REPO_URL, TOKEN, foreseen, place_in, target, target_of
from scaffolder.steps.port import (
    Action,
    Example,
    Foreseen,
    Made,
    StepContext,
    UndoContext,
    flag,
    object_schema,
    text,
)
from scaffolder.steps.publishing import left_to_a_person
from scm.github import autolinks

AUTOLINK = "autolink"
_NUMBER = "<num>"


def create(ctx: StepContext, given: dict[str, Any]) -> None:
    """Add an autolink; the same one again is the same one."""
    to, prefix, template = target(given), given["keyPrefix"], given["urlTemplate"]
    if _NUMBER not in template:
        raise InputError(f"urlTemplate {template!r} has no {_NUMBER}; write it where the number goes")
    key = to.place.key(prefix)
    known = autolinks.find_autolink(to.access, to.name, prefix)
    if known is not None and known["url_template"] != template:
        raise Conflict(
            f"keyPrefix {prefix!r} leads to {known['url_template']!r} in '{to.name}' already; choose another, or "
            "remove that autolink"
        )
    found = {"prefix": prefix, "template": template, "before": known is not None}
    to.place.begin(ctx, AUTOLINK, key, lambda: found)
    made = (
        str(known["id"])
        if known
        else autolinks.add_autolink(
            to.access, to.name, prefix, template, alphanumeric=given.get("isAlphanumeric", True)
        )
    )
    ctx.ledger.prove(AUTOLINK, key, id=made)
    ctx.log(f"{prefix} leads to {template} in {to.name}")


def foresee(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    return foreseen(AUTOLINK, place_in(given).key(given["keyPrefix"]))


def undo(ctx: UndoContext, made: Made) -> None:
    """Take the autolink away that the run added."""
    details = made.details
    if details.get("before"):
        ctx.log(f"Autolink {made.key} was there before this run, and stays")
        return
    to = target_of(made)
    with left_to_a_person(f"autolink {made.key}"):
        known = autolinks.find_autolink(to.access, to.name, details["prefix"])
        ours = known is not None and (
            str(known["id"]) == details["id"] if made.proved else known["url_template"] == details["template"]
        )
        if known is not None and ours:
            autolinks.remove_autolink(to.access, to.name, str(known["id"]))
    ctx.log(f"Autolink {made.key} is removed")


ACTIONS = (
    Action(
        id="github:autolinks:create",
        description="Has texts with a prefix lead to another page, in a repository on GitHub.",
        input=object_schema(
            ("repoUrl", "keyPrefix", "urlTemplate"),
            repoUrl=REPO_URL,
            keyPrefix=text("What such a text begins with.", minLength=1),
            urlTemplate=text("Where it leads, with <num> where the rest of the text goes.", minLength=1),
            isAlphanumeric={
                **flag("Whether letters and dashes may be in the rest, not only digits. Default: yes."),
                "default": True,
            },
            token=TOKEN,
        ),
        run=create,
        foresee=foresee,
        undo=undo,
        examples=(
            Example(
                "Lead to the tracker",
                "steps:\n  - action: github:autolinks:create\n    input:\n"
                "      repoUrl: github.com?owner=acme&repo=payments\n      keyPrefix: TICKET-\n"
                "      urlTemplate: https://tracker.example.com/TICKET-<num>\n",
            ),
        ),
    ),
)
