"""publish:local: make a repository of the workspace on the code host that comes with Greenroom."""

from typing import Any

from core.names import confined
from scaffolder.expressions.filters.backstage import parsed_repo_url
from scaffolder.steps.port import Action, Example, Foreseen, StepContext, object_schema, text
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
from scm.registry import publishing_host
from scm.values import RepositoryName, RepositorySettings

LOCAL = "local"


def local(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Make the repository and push the workspace, in that order.

    The repository remembers which run made it: the same run again finds its own, another one gets a Conflict.
    """
    host, name, branch = publishing_host(LOCAL), _name(given), _branch(given)
    author = author_of(ctx.user, given.get("gitAuthorName"), given.get("gitAuthorEmail"))
    folder = confined(ctx.workspace, given.get("sourcePath") or ".")
    private = given.get("repoVisibility", "private") != "public"
    settings = RepositorySettings(description=given.get("description") or "")
    make_repository(ctx, Publication(host, name, branch, private, settings))
    message = given.get("gitCommitMessage") or "initial commit"
    sha = push_workspace(ctx, host, name, branch, Push(folder, message, author))
    return published(host, name, branch, sha)


def foresee_local(_ctx: StepContext, given: dict[str, Any]) -> Foreseen:
    return foresee_publication(LOCAL, _name(given), _branch(given))


def _name(given: dict[str, Any]) -> RepositoryName:
    address = parsed_repo_url(given["repoUrl"], {LOCAL: LOCAL})
    return RepositoryName(address["owner"], address["repo"])


def _branch(given: dict[str, Any]) -> str:
    return str(given.get("defaultBranch") or "main")


ACTIONS = (
    Action(
        id="publish:local",
        description="Makes a repository on the local code host and pushes the workspace to it.",
        input=object_schema(
            ("repoUrl",),
            repoUrl=text("The repository to make: local?owner=acme&repo=payments", minLength=1),
            description=text("What the repository is for."),
            repoVisibility=text("Who may read it. Default: private.", enum=["private", "internal", "public"]),
            defaultBranch=text("The branch to push to. Default: main."),
            gitCommitMessage=text("The commit's message. Default: initial commit."),
            gitAuthorName=text("Who the commit is by. Default: who asked for the run."),
            gitAuthorEmail=text("The address in the commit. Default: that of who asked for the run."),
            sourcePath=text("Folder of the workspace to push. Default: all of it."),
        ),
        output=object_schema(
            ("remoteUrl", "repoContentsUrl", "commitHash"),
            remoteUrl=text("What git clone takes."),
            repoContentsUrl=text("Where its files are looked at."),
            commitHash=text("The commit that was pushed."),
        ),
        run=local,
        foresee=foresee_local,
        undo=undo_publication,
        examples=(
            Example(
                "Publish the workspace",
                "steps:\n  - action: publish:local\n    input:\n      repoUrl: local?owner=acme&repo=payments\n",
            ),
        ),
    ),
)
