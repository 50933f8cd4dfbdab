"""The steps of an upgrade's run: render both versions, merge, propose. Templates cannot name them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from core.errors import Conflict, GreenroomError, InputError
from core.names import confined
from core.states import move
from scaffolder.errors import CannotUndo
from scaffolder.registry import instances
from scaffolder.rendering.landing import remove
from scaffolder.steps import register_built_in
from scaffolder.steps.port import Action, Made, StepContext, UndoContext, object_schema, text, texts
from scaffolder.steps.publishing import author_of, left_to_a_person
from scaffolder.steps.publishing import place_of as place_of_effect
from scaffolder.upgrades import proposals
from scaffolder.upgrades.merging import Merged, changes, merge
from scaffolder.upgrades.models import Upgrade
from scaffolder.upgrades.rendering import Rendering
from scaffolder.upgrades.states import LIVE, UPGRADE_MOVES, UpgradeState
from scm.bare import BareRepository
from scm.values import PullRequestState, RepositoryName

BRANCH, PULL_REQUEST = "branch", "pull request"
STEPS: list[dict[str, Any]] = [
    {"id": "render", "name": "Render both versions", "action": "upgrade:render"},
    {
        "id": "merge",
        "name": "Merge them into the repository",
        "action": "upgrade:merge",
        "input": {"old": "${{ steps.render.output.old }}", "new": "${{ steps.render.output.new }}"},
    },
    {
        "id": "propose",
        "name": "Propose the change",
        "action": "upgrade:propose",
        "input": {
            "head": "${{ steps.render.output.head }}",
            "commit": "${{ steps.merge.output.commit }}",
            "conflicts": "${{ steps.merge.output.conflicts }}",
        },
    },
]
"""The workflow of an upgrade."""


def render(ctx: StepContext, _given: dict[str, Any]) -> dict[str, Any]:
    """Both versions with the recorded answers, and the repository as it is."""
    upgrade = _upgrade(ctx)
    instance = upgrade.instance
    for name in ("old", "new", "head"):
        remove(ctx.workspace / name)
    place = proposals.place_of(instance)
    rendering = Rendering(instance, ctx.subject, ctx.cancelled)
    new = rendering.render(upgrade.to_version, upgrade.values, ctx.workspace / "new")
    ctx.log(f"Rendered version {upgrade.to_version.number}")
    old = _old(ctx, upgrade, rendering, place)
    place.host.export_commit(place.name, place.head, ctx.workspace / "head")
    ctx.log(f"The repository is at {place.head[:12]} of {place.target}")
    return {
        "old": str(old.relative_to(ctx.workspace)),
        "new": str(new.relative_to(ctx.workspace)),
        "head": place.head,
    }


def _old(ctx: StepContext, upgrade: Upgrade, rendering: Rendering, place: proposals.Place) -> Path:
    """What the merge starts from: the old version rendered again, else what the run published of it."""
    instance, version = upgrade.instance, upgrade.from_version
    into = ctx.workspace / "old"
    reason = f"its files were not fixed: {version.unpinned}"
    if version.commit:
        try:
            found = rendering.render(version, instance.values, into)
        except GreenroomError as error:
            if error.retry or ctx.cancelled.is_set():
                raise
            reason = error.message
        else:
            ctx.log(f"Rendered version {version.number}, from which the merge starts")
            return found
    if version.pk != instance.run.template_version_id:
        raise Conflict(
            f"Version {version.number} of {version.template_ref} cannot be rendered any more ({reason}), and the "
            "repository was upgraded to it, not made of it: upgrade this one by hand"
        )
    remove(into)
    ctx.warn(f"Version {version.number} cannot be rendered any more: {reason}")
    place.host.export_commit(place.name, instance.commit, into)
    ctx.log(f"The merge starts from the commit {instance.commit[:12]}, which was published of it")
    return into


def merge_versions(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Put the way from the old version to the new one onto the repository."""
    upgrade = _upgrade(ctx)
    for name in ("scratch", "changes"):
        remove(ctx.workspace / name)
    merged = merge(
        ctx.workspace / "scratch",
        old=confined(ctx.workspace, given["old"]),
        head=ctx.workspace / "head",
        new=confined(ctx.workspace, given["new"]),
        label=f"template-{upgrade.to_version.number}",
    )
    found = changes(merged, ctx.workspace / "head", ctx.workspace / "changes")
    for path in merged.conflicts[: proposals.MOST_LISTED]:
        ctx.warn(f"Changed on both sides: {path}")
    ctx.log(f"{len(found.changed)} files change, {len(found.deleted)} go, {len(merged.conflicts)} conflict")
    if merged.conflicts and found.are_none:
        raise Conflict(
            f"{', '.join(merged.conflicts[:20])} changed on both sides and cannot be merged, and nothing else changes: "
            "take over by hand what the template has there"
        )
    return {"conflicts": list(merged.conflicts), "commit": merged.commit}


def propose(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Push the branch and open its pull request, or renew them; when nothing changes, withdraw them."""
    upgrade = _upgrade(ctx)
    merged = Merged(
        BareRepository(ctx.workspace / "scratch"), given["commit"], tuple(given.get("conflicts") or ())
    )
    # The branch starts where the repository was when it was merged, whoever pushed since.
    place = replace(proposals.place_of(upgrade.instance), head=given["head"])
    key = f"{upgrade.instance.host}:{place.name}@{upgrade.branch}"
    place = _own_branch(ctx, upgrade, place, key, merged)
    present, tip = ctx.workspace / "head", place.heads.get(upgrade.branch)
    if changes(merged, present, _empty(ctx, "unchanged")).are_none:
        return _nothing_to_do(ctx, upgrade, place)
    if tip is not None:
        present = _empty(ctx, "present")
        place.host.export_commit(place.name, tip, present)
    wanted = changes(merged, present, _empty(ctx, "wanted"))
    title, body = proposals.words(
        upgrade.to_version.template_ref,
        upgrade.from_version.number,
        upgrade.to_version.number,
        merged.conflicts,
    )
    facts = {"host": upgrade.instance.host, "repository": str(place.name), "branch": upgrade.branch}
    ctx.ledger.intend(BRANCH, key, **facts)
    sha = tip or ""
    if not wanted.are_none:
        author = author_of(ctx.user)
        sha = proposals.push(
            place, upgrade.branch, wanted.folder, wanted.deleted, message=f"{title}\n", author=author
        )
    with transaction.atomic():  # from here on the branch is known as ours
        ctx.ledger.prove(BRANCH, key, sha=sha)
        Upgrade.objects.filter(pk=upgrade.pk).update(head=sha)
    ctx.log(f"Pushed {sha[:12]} to {upgrade.branch}")
    ctx.check_cancelled()
    ctx.ledger.intend(PULL_REQUEST, key, **facts)
    pull = proposals.propose(
        place,
        upgrade.branch,
        title=title,
        body=body,
        draft=bool(merged.conflicts),
        author=ctx.user.ref,
    )
    with transaction.atomic():
        ctx.ledger.prove(PULL_REQUEST, key, number=pull.number, web_url=pull.web_url)
        move(
            Upgrade.objects.filter(pk=upgrade.pk, run_id=ctx.run_id),
            UpgradeState.OPEN,
            UPGRADE_MOVES,
            number=pull.number,
            web_url=pull.web_url,
            draft=pull.draft,
            conflicts=list(merged.conflicts),
            opened_at=timezone.now(),
            looked_at=timezone.now(),
        )
    ctx.log(f"Pull request {pull.number} is open at {pull.web_url}")
    return {"url": pull.web_url, "number": pull.number, "draft": pull.draft}


def _own_branch(
    ctx: StepContext, upgrade: Upgrade, place: proposals.Place, key: str, merged: Merged
) -> proposals.Place:
    """The place with our branch as it may be gone on with. Conflict when somebody else has pushed to it."""
    tip = place.heads.get(upgrade.branch)
    if tip is None:
        return place
    ours = Upgrade.objects.filter(instance_id=upgrade.instance_id, head=tip).exists()
    if ctx.ledger.noted(BRANCH, key) is not None and (ours or _holds(ctx, place, tip, merged)):
        return place  # an earlier attempt of this run began it, and may have been killed before it noted the commit
    pull = place.proposed(upgrade.branch)
    if not ours:
        there = f"pull request {pull.number} ({pull.web_url})" if pull else "the branch"
        raise Conflict(
            f"Somebody else pushed to {upgrade.branch} of {place.name}: merge or close {there} and delete the branch "
            "first"
        )
    if pull is None:  # what is left of one that has ended
        place.host.delete_branch(place.name, upgrade.branch, expected=tip)
        del place.heads[upgrade.branch]
    return place


def _holds(ctx: StepContext, place: proposals.Place, commit: str, merged: Merged) -> bool:
    """Whether a commit of the repository has exactly the files that were merged."""
    present = _empty(ctx, "present")
    place.host.export_commit(place.name, commit, present)
    return changes(merged, present, _empty(ctx, "differs")).are_none


def _nothing_to_do(ctx: StepContext, upgrade: Upgrade, place: proposals.Place) -> dict[str, Any]:
    tip = place.heads.get(upgrade.branch)
    if tip is not None:
        proposals.withdraw(place, upgrade.branch, expected=tip, author=ctx.user.ref)
    with transaction.atomic():
        done = move(
            Upgrade.objects.filter(pk=upgrade.pk, run_id=ctx.run_id),
            UpgradeState.UNCHANGED,
            UPGRADE_MOVES,
            ended_at=timezone.now(),
        )
        if done:
            instances.move_to(upgrade.instance, upgrade.to_version, upgrade.values, ctx.user)
    ctx.log("The repository has all that the new version changes: there is nothing to propose")
    return {"unchanged": True}


def _upgrade(ctx: StepContext) -> Upgrade:
    """The upgrade that the run is for; one that failed is tried again by a retry of its run."""
    rows = Upgrade.objects.filter(run_id=ctx.run_id)
    found = rows.select_related("instance__run", "from_version", "to_version").first()
    if found is None:
        raise InputError("upgrade: actions belong to runs that upgrade a repository; see docs/upgrades.md")
    if found.state not in LIVE:
        try:
            with transaction.atomic():
                tried = move(rows, UpgradeState.RUNNING, UPGRADE_MOVES, problem="", ended_at=None)
        except IntegrityError:
            tried = False
        if not tried:
            raise Conflict(f"This upgrade is {found.state}, or another one has begun: ask for a new one")
    return found


def _empty(ctx: StepContext, name: str) -> Path:
    """A place in the workspace at which nothing is."""
    remove(ctx.workspace / name)
    return ctx.workspace / name


def undo(ctx: UndoContext, made: Made) -> None:
    """Close the pull request, remove the branch when its head is still ours."""
    host, name = place_of_effect(made)
    branch = str(made.details["branch"])
    with left_to_a_person(f"{made.kind} {made.key}"):
        if made.kind == PULL_REQUEST:
            _undo_pull_request(ctx, host, name, made, branch)
        elif made.proved:
            host.delete_branch(name, branch, expected=str(made.details["sha"]))
            ctx.log(f"Branch {made.key} is removed")
        elif any(one.name == branch for one in host.branches(name)):
            raise CannotUndo(
                f"branch {made.key} is there, perhaps by this run: delete it when nobody works on it"
            )


def _undo_pull_request(ctx: UndoContext, host: Any, name: RepositoryName, made: Made, branch: str) -> None:
    found = [
        pull for pull in host.open_pull_requests(name) if (pull.source_branch, pull.fork) == (branch, "")
    ]
    if made.proved:
        known = host.pull_request(name, made.details["number"])
        if known.state == PullRequestState.MERGED:
            raise CannotUndo(f"pull request {made.key} is merged: revert it in the repository")
        found = [known] if known.state == PullRequestState.OPEN else []
    for pull in found:  # the branch is ours alone, so what asks for it is too
        host.close_pull_request(name, pull.number, by=ctx.made_by)
        ctx.log(f"Pull request {pull.number} of {made.key} is closed")


_NOTHING = object_schema()

ACTIONS = (
    Action(
        id="upgrade:render",
        description="Renders the old and the new version of an upgrade, and fetches the repository.",
        input=_NOTHING,
        run=render,
    ),
    Action(
        id="upgrade:merge",
        description="Merges what changed between both versions into the repository's head.",
        input=object_schema(("old", "new"), old=text("The old rendering."), new=text("The new rendering.")),
        run=merge_versions,
    ),
    Action(
        id="upgrade:propose",
        description="Pushes the result to a branch and opens its pull request, or renews them.",
        input=object_schema(
            ("head", "commit"),
            head=text("The commit that was merged into."),
            commit=text("The result."),
            conflicts=texts("The files that changed on both sides."),
        ),
        run=propose,
        undo=undo,
    ),
)
register_built_in(*ACTIONS)
