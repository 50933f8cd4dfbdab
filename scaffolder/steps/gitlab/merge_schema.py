"""The inputs and outputs of publish:gitlab:merge-request and gitlab:repo:push, in the contract's names."""

from scaffolder.steps.gitlab.places import REPO_URL
from scaffolder.steps.places import TOKEN
from scaffolder.steps.port import flag, object_schema, text, texts

_HOW = (
    "create: no file may be there; update: all have to be; delete: they are taken away; skip: the branch is taken as "
    "it is; auto: whatever is needed."
)
_SOURCE = text("Folder of the workspace with the files. Default: targetPath, else all of it.")
_TARGET = text("Folder of the project that they go to. Default: its root.")
_PROJECT = {
    "projectid": text("The project, by full path."),
    "projectPath": text("The project, by full path."),
}
MERGE = object_schema(
    ("repoUrl", "title", "branchName"),
    repoUrl=REPO_URL,
    title=text("What the merge request is called; one that begins with 'Draft: ' is a draft.", minLength=1),
    description=text("What it says."),
    branchName=text("The branch to make and push to.", minLength=1),
    targetBranchName=text("The branch to merge into. Default: the project's default branch."),
    sourcePath=_SOURCE,
    targetPath=_TARGET,
    token=TOKEN,
    commitAction=text(f"{_HOW} Default: auto.", enum=["create", "delete", "update", "skip", "auto"]),
    projectid=text("The project's full path, where repoUrl has none. Better: in repoUrl."),
    removeSourceBranch=flag("Whether the branch goes when it is merged. Default: no."),
    assignee=text("Whom it is given to, by login."),
    reviewers=texts("Who is asked for a review, by login."),
    assignReviewersFromApprovalRules=flag("Whether everybody is asked whom the approval rules name."),
    labels={
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
        "description": "Labels, as a list or with commas.",
    },
    autoMerge=flag("Whether it is merged by itself when all checks are green. Default: no."),
)
MERGE_OUTPUT = object_schema(
    ("targetBranchName", "projectid", "projectPath", "mergeRequestUrl"),
    targetBranchName=text("The branch to merge into."),
    **_PROJECT,
    mergeRequestUrl=text("Where the merge request is looked at."),
)
PUSH = object_schema(
    ("repoUrl", "branchName", "commitMessage"),
    repoUrl=REPO_URL,
    branchName=text("The branch; a new one begins at the default branch.", minLength=1),
    commitMessage=text("The commit's message.", minLength=1),
    sourcePath=_SOURCE,
    targetPath=_TARGET,
    token=TOKEN,
    commitAction=text(f"{_HOW} Default: create.", enum=["create", "update", "delete", "auto"]),
    allowEmpty=flag("Not offered here: without a difference no commit is made."),
)
PUSH_OUTPUT = object_schema(
    ("projectid", "projectPath"), **_PROJECT, commitHash=text("The commit; left out when nothing differed.")
)
