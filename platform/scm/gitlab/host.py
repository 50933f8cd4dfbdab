"""GitLab through the port: everything that it can do, put together."""

from dataclasses import replace

from scm.connections import THE_STEPS_TOKEN
from scm.gitlab.checks import read_checks
from scm.gitlab.directory import read_organisation
from scm.gitlab.hooks import Hooks
from scm.gitlab.merge_requests import MergeRequests
from scm.gitlab.personal import Personal
from scm.gitlab.protection import Protection
from scm.gitlab.publishing import Publishing
from scm.values import CheckState, Organisation, RepositoryName


class GitLabHost(Publishing, MergeRequests, Protection, Hooks, Personal):
    """CodeHost, Listing, Directory, Pages, PullRequests, Protecting, Hooks, Checks, Personal and ActingAs of one GitLab."""

    def organisation(self, owner: str) -> Organisation:
        return read_organisation(self.access, owner)

    def checks(self, name: RepositoryName, sha: str) -> CheckState:
        return read_checks(self.access, name, sha)

    def acting_with(self, token: str) -> "GitLabHost":
        return GitLabHost(replace(self.connection, token=token), THE_STEPS_TOKEN)
