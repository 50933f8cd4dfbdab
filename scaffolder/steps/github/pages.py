"""github:pages:enable: have GitHub show a site."""

from typing import Any

from scaffolder.errors import CannotUndo
from scaffolder.steps.github.places import REPO_URL, TOKEN, foreseen, place_in, target, target_of
from scaffolder.steps.github.schema import choice
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
from scm.github import sites

SITE = "pages"


def enable(ctx: StepContext, given: dict[str, Any]) -> None:
    """Have the site made as the step says; a site that is there is changed."""
    to = target(given)
    key = to.place.key(SITE)
    to.place.begin(ctx, SITE, key, lambda: {"before": sites.has_pages(to.access, to.name)})
    sites.enable_pages(
        to.access,
        to.name,
        build=given.get("buildType", sites.WORKFLOW),
        branch=given.get("sourceBranch", "main"),
        folder=given.get("sourcePath", "/"),
    )
    ctx.ledger.prove(SITE, key)
    ctx.log(f"GitHub Pages of {to.name} are on")


def foresee(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    return foreseen(SITE, place_in(given).key(SITE))


def undo(ctx: UndoContext, made: Made) -> None:
    """Take the site down, if there was none before the run."""
    if made.details.get("before"):
        raise CannotUndo(f"the site {made.key} was there before this run, which changed it; look at it there")
    to = target_of(made)
    with left_to_a_person(f"the site {made.key}"):
        sites.disable_pages(to.access, to.name)
    ctx.log(f"GitHub Pages of {to.name} are off")


ACTIONS = (
    Action(
        id="github:pages:enable",
        description="Has GitHub show a site for a repository.",
        input=object_schema(
            ("repoUrl",),
            repoUrl=REPO_URL,
            buildType=choice(
                "Whether workflows make the site, or GitHub from a folder. Default: workflow.",
                sites.LEGACY,
                sites.WORKFLOW,
                default=sites.WORKFLOW,
            ),
            sourceBranch={**text("For legacy: the branch. Default: main."), "default": "main"},
            sourcePath=choice("For legacy: the folder. Default: /.", "/", "/docs", default="/"),
            token=TOKEN,
        ),
        run=enable,
        foresee=foresee,
        undo=undo,
        examples=(
            Example(
                "Show what the workflows build",
                "steps:\n  - action: github:pages:enable\n    input:\n"
                "      repoUrl: github.com?owner=acme&repo=payments\n",
            ),
        ),
    ),
)
