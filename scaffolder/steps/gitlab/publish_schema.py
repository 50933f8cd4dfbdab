"""The input and the output of publish:gitlab, in the contract's names."""

from typing import Any

from scaffolder.steps.gitlab.places import REPO_URL
from scaffolder.steps.places import TOKEN
from scaffolder.steps.port import flag, object_schema, text, texts

_WHO = ["private", "public", "internal"]


def _closed(required: tuple[str, ...], /, **properties: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return made | ({"required": list(required)} if required else {})


_SETTINGS = _closed(
    (),
    name=text("The title that people see. Default: the name in repoUrl."),
    path=text("The project's name in addresses. Default: the name in repoUrl."),
    auto_devops_enabled=flag("Whether Auto DevOps is on."),
    ci_config_path=text("Where the pipeline's configuration lies."),
    description=text("What the project is for."),
    merge_method=text("How merge requests are merged.", enum=["merge", "rebase_merge", "ff"]),
    squash_option=text(
        "Whether commits are squashed.", enum=["default_off", "default_on", "never", "always"]
    ),
    topics=texts("Words to find it by."),
    visibility=text("Who may see it. Default: private.", enum=_WHO),
    only_allow_merge_if_all_discussions_are_resolved=flag("Whether every discussion has to be resolved."),
    only_allow_merge_if_pipeline_succeeds=flag("Whether the pipeline has to be green."),
    allow_merge_on_skipped_pipeline=flag("Whether a skipped pipeline counts as green."),
)
_BRANCH = _closed(
    ("name",),
    name=text("The branch."),
    protect=flag("Whether it is protected: neither rewound nor deleted, pushed to by Maintainers."),
    create=flag("Whether it is made."),
    ref=text("Where it begins. Default: the default branch."),
)
_VARIABLE = _closed(
    ("key", "value"),
    key=text("Its name."),
    value=text("Its value."),
    description=text("What it is for."),
    variable_type=text("Whether it is a variable or a file. Default: env_var.", enum=["env_var", "file"]),
    protected=flag("Whether only protected branches and tags see it."),
    masked=flag("Whether it is masked in logs of jobs."),
    masked_and_hidden=flag("Whether it is masked, and shown to nobody any more."),
    raw=flag("Whether a $ in it is left alone."),
    environment_scope=text("The environments that see it. Default: all."),
)
INPUT = object_schema(
    ("repoUrl",),
    repoUrl=REPO_URL,
    repoVisibility=text("As settings.visibility, which comes first.", enum=_WHO),
    defaultBranch=text("The branch to push to. Default: master."),
    gitCommitMessage=text("The commit's message. Default: initial commit."),
    gitAuthorName=text("Who the commit is by. Default: who asked for the run."),
    gitAuthorEmail=text("The address in the commit. Default: that of who asked for the run."),
    signCommit=flag("Not offered here: commits are not signed."),
    sourcePath={
        "type": ["string", "boolean"],
        "description": "Folder of the workspace to push. Default or true: all of it; false: the project stays empty.",
    },
    skipExisting=flag("Whether a project that is there already is left alone and told. Default: no."),
    token=TOKEN,
    setUserAsOwner=flag("Whether whose token it is becomes an owner; done with the host's own credential."),
    ownerUsername=text("Somebody who becomes an owner, by login."),
    topics=texts("As settings.topics, which comes first."),
    settings={**_SETTINGS, "description": "What the project is like."},
    branches={"type": "array", "items": _BRANCH, "description": "Branches to make or to protect."},
    projectVariables={"type": "array", "items": _VARIABLE, "description": "Variables for its pipelines."},
)
OUTPUT = object_schema(
    ("remoteUrl", "repoContentsUrl", "projectId", "commitHash", "created"),
    remoteUrl=text("What git clone takes."),
    repoContentsUrl=text("Where its files are looked at."),
    projectId={"type": "number", "description": "GitLab's number of the project."},
    commitHash=text("The commit that was pushed; empty where nothing was."),
    created=flag("Whether this step made the project."),
)
