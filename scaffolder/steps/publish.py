"""publish:local: make a repository of the workspace on the code host that comes with Greenroom."""

import re
from typing import Any

from core.names import confined
from scaffolder.expressions.filters.backstage import parsed_repo_url
from scaffolder.steps.port import Action, Example, StepContext, User, object_schema, text
from scm.port import CodeHost
from scm.registry import publishing_host
from scm.values import Author, RepositoryName

REPOSITORY = "repository"
COMMIT = "commit"
_NOT_IN_NAME = re.compile(r"[\x00-\x1f\x7f<>]")


def local(ctx: StepContext, given: dict[str, Any]) -> dict[str, Any]:
    """Make the repository and push the workspace, in that order.

    The repository remembers which run made it: the same run again finds its own, another one gets a Conflict.
    """
    address = parsed_repo_url(given["repoUrl"], {"local": "local"})
    return publish(ctx, publishing_host("local"), RepositoryName(address["owner"], address["repo"]), given)


def publish(
    ctx: StepContext, code_host: CodeHost, name: RepositoryName, given: dict[str, Any]
) -> dict[str, Any]:
    """Make a repository on any code host and push a folder of the workspace to its default branch."""
    folder = confined(ctx.workspace, given.get("sourcePath") or ".")
    branch = given.get("defaultBranch") or "main"
    key = f"{code_host.host}:{name}"
    author = author_of(ctx.user, given.get("gitAuthorName"), given.get("gitAuthorEmail"))
    ctx.ledger.intend(REPOSITORY, key)
    made = code_host.create_repository(
        name,
        description=given.get("description") or "",
        default_branch=branch,
        private=given.get("repoVisibility", "private") != "public",
        made_by=f"run:{ctx.run_id}",
    )
    ctx.ledger.prove(REPOSITORY, key, web_url=made.web_url)
    ctx.log(f"Repository {name} is made at {made.web_url}")
    ctx.check_cancelled()
    message = given.get("gitCommitMessage") or "initial commit"
    ctx.ledger.intend(COMMIT, f"{key}@{branch}")
    sha = code_host.push_tree(name, folder, branch=branch, message=message, author=author)
    ctx.ledger.prove(COMMIT, f"{key}@{branch}", sha=sha)
    ctx.log(f"Pushed {sha[:12]} to {branch}")
    return {
        "remoteUrl": made.clone_url,
        "repoContentsUrl": code_host.contents_url(name, branch),
        "commitHash": sha,
    }


def author_of(user: User, name: str | None = None, email: str | None = None) -> Author:
    """Who a commit is by: as the step says, else the user's profile, else their reference."""
    profile = ((user.entity or {}).get("spec") or {}).get("profile") or {}
    short = user.ref.rpartition("/")[2].rpartition(":")[2] or "greenroom"
    shown = name or profile.get("displayName") or short
    address = email or profile.get("email") or f"{short}@users.greenroom.invalid"
    return Author(_NOT_IN_NAME.sub("", shown)[:200], _NOT_IN_NAME.sub("", address)[:200])


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
        examples=(
            Example(
                "Publish the workspace",
                "steps:\n  - action: publish:local\n    input:\n      repoUrl: local?owner=acme&repo=payments\n",
            ),
        ),
    ),
)
