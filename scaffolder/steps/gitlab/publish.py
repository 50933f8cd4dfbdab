"""publish:gitlab: make a project of the workspace."""

from typing import Any

from core.errors import InputError, NotImplementedHere
from core.names import confined
from scaffolder.steps.gitlab.places import Target, place_named, target
from scaffolder.steps.gitlab.publish_schema import INPUT, OUTPUT
from scaffolder.steps.places import Place
from scaffolder.steps.port import Action, Example, Foreseen, StepContext, maker
from scaffolder.steps.publishing import (
    Publication,
    Push,
    author_of,
    foresee_publication,
    make_repository,
    published,
    push_workspace,
    undo_publication,
)
from scm.errors import RepositoryNotFound
from scm.gitlab import people, variables
from scm.names import checked_branch
from scm.values import BranchRules, Repository, RepositorySettings, Visibility

DEFAULT_BRANCH = "master"
_OWN_SETTINGS = (
    "name",
    "auto_devops_enabled",
    "ci_config_path",
    "merge_method",
    "squash_option",
    "only_allow_merge_if_all_discussions_are_resolved",
    "only_allow_merge_if_pipeline_succeeds",
    "allow_merge_on_skipped_pipeline",
)


def publish(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Make the project, set it up, push the workspace, make and protect branches, in that order."""
    _check(given)
    to = _target(given)
    branch = _branch(given)
    theirs = _existing(ctx, to) if given.get("skipExisting") else None
    if theirs is not None:
        ctx.log(f"Project {to.name} was there before this run; nothing is published")
        head = {one.name: one.sha for one in to.hub.branches(to.name)}.get(theirs.default_branch, "")
        return _output(to, theirs, theirs.default_branch or branch, head, created=False)
    owner = _owner(to, given)
    visibility, settings = _visibility(given), given.get("settings") or {}
    topics = settings.get("topics", given.get("topics"))
    wanted = RepositorySettings(
        description=settings.get("description") or "", topics=None if topics is None else tuple(topics)
    )
    private = visibility is not Visibility.PUBLIC
    made = make_repository(ctx, Publication(to.hub, to.name, branch, private, wanted))
    _equip(to, given, visibility, owner)
    ctx.check_cancelled()
    sha = ""
    if given.get("sourcePath") is not False:
        sha = push_workspace(ctx, to.hub, to.name, branch, _push(ctx, given))
        _branches(ctx, to, given, branch)
    return _output(to, made, branch, sha, created=True)


def _check(given: dict[str, Any]) -> None:
    """Refuse what cannot be had, before anything is made."""
    if given.get("signCommit"):
        raise NotImplementedHere("signCommit is not offered here: leave it out, commits are not signed")
    if given.get("setUserAsOwner") and not given.get("token"):
        raise InputError("setUserAsOwner needs the person's token in the input 'token'")
    for one in given.get("branches") or ():
        checked_branch("branches", one["name"])


def _existing(ctx: StepContext, to: Target) -> Repository | None:
    """The project that has the name, unless this run made it."""
    try:
        found = to.hub.get_repository(to.name)
    except RepositoryNotFound:
        return None
    return None if to.place.is_ours(ctx) or found.made_by == maker(ctx.run_id) else found


def _owner(to: Target, given: dict[str, Any]) -> int | None:
    """GitLab's number of whom the step names as the project's owner; looked for before anything is made."""
    if given.get("setUserAsOwner"):
        return int(people.read_person(to.access, None)["id"])
    login = given.get("ownerUsername")
    if not login:
        return None
    number = people.number_of(to.access, login)
    if number is None:
        raise InputError(f"ownerUsername {login!r} is nobody on {to.place.host}; give a login there")
    return number


def _equip(to: Target, given: dict[str, Any], visibility: Visibility, owner: int | None) -> None:
    """Put settings, variables and the owner there, all of them again when the step is done again."""
    settings = given.get("settings") or {}
    own = {name: settings[name] for name in _OWN_SETTINGS if name in settings}
    own |= {"visibility": str(visibility)} if visibility is Visibility.INTERNAL else {}
    if own:
        to.hub.set_project(to.name, own)
    for variable in given.get("projectVariables") or ():
        variables.keep_variable(to.access, str(to.name), variable)
    if owner is not None:  # with our right: a person's token may not make its person the owner
        people.make_owner(target({**given, "token": ""}).access, str(to.name), owner)


def _branches(ctx: StepContext, to: Target, given: dict[str, Any], branch: str) -> None:
    for one in given.get("branches") or ():
        if one.get("create"):
            to.hub.have_branch(to.name, one["name"], one.get("ref") or branch)
        if one.get("protect"):
            to.hub.protect_branch(to.name, one["name"], BranchRules())
            ctx.log(f"Branch {one['name']} of {to.name} is protected")


def _push(ctx: StepContext, given: dict[str, Any]) -> Push:
    source = given.get("sourcePath")
    folder = confined(ctx.workspace, source if isinstance(source, str) and source else ".")
    author = author_of(ctx.user, given.get("gitAuthorName"), given.get("gitAuthorEmail"))
    return Push(folder, given.get("gitCommitMessage") or "initial commit", author)


def _output(to: Target, made: Repository, branch: str, sha: str, *, created: bool) -> dict[str, Any]:
    said = {"projectId": int(made.id), "commitHash": sha, "created": created}
    return {**published(to.hub, to.name, branch), **said}


def _branch(given: dict[str, Any]) -> str:
    return str(given.get("defaultBranch") or DEFAULT_BRANCH)


def _visibility(given: dict[str, Any]) -> Visibility:
    settings = given.get("settings") or {}
    return Visibility(settings.get("visibility") or given.get("repoVisibility") or Visibility.PRIVATE)


def _place(given: dict[str, Any]) -> Place:
    place, path = place_named(given), (given.get("settings") or {}).get("path")
    return Place(place.host, type(place.name)(place.name.owner, path)) if path else place


def _target(given: dict[str, Any]) -> Target:
    return Target(target(given).hub, _place(given))


def foresee(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    place, pushes = _place(given), given.get("sourcePath") is not False
    found = foresee_publication(place.host, place.name, _branch(given), pushes=pushes)
    return Foreseen(found.effects, {**found.output, "projectId": 0, "commitHash": "", "created": True})


ACTIONS = (
    Action(
        id="publish:gitlab",
        description="Makes a project on GitLab and pushes the workspace to it.",
        input=INPUT,
        output=OUTPUT,
        run=publish,
        foresee=foresee,
        undo=undo_publication,
        examples=(
            Example(
                "Publish the workspace, with a protected branch",
                "steps:\n  - action: publish:gitlab\n    input:\n"
                "      repoUrl: gitlab.com?owner=acme/money&repo=payments\n      defaultBranch: main\n"
                "      settings: {description: Takes payments, topics: [payments]}\n"
                "      branches:\n        - {name: main, protect: true}\n",
            ),
        ),
    ),
)
