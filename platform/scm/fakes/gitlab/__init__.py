"""A GitLab in memory, for tests and trials: API v4 with git beside it."""

from scm.fakes.gitlab.server import FakeGitLab

__all__ = ["FakeGitLab"]
