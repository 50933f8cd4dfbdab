"""A GitHub in memory, for tests and trials: REST and GraphQL, with git beside it."""

from scm.fakes.github.server import FakeGitHub

__all__ = ["FakeGitHub"]
