"""GitHub through the port: everything that it can do, put together."""

from dataclasses import replace

from scm.connections import THE_STEPS_TOKEN
from scm.github.checks import Checks
from scm.github.directory import read_organisation
from scm.github.files import Files
from scm.github.hooks import Hooks
from scm.github.personal import Personal
from scm.github.protection import Protection
from scm.github.publishing import Publishing
from scm.github.pull_requests import PullRequests
from scm.values import Organisation


class GitHubHost(Files, Publishing, PullRequests, Protection, Hooks, Checks, Personal):
    """CodeHost, Listing, Directory, Pages, PullRequests, Protecting, Hooks, Checks, Personal and ActingAs of one GitHub."""

    def organisation(self, owner: str) -> Organisation:
        return read_organisation(self.access, owner)

    def acting_with(self, token: str) -> "GitHubHost":
        return GitHubHost(replace(self.connection, token=token, app=None), THE_STEPS_TOKEN)
