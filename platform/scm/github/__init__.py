"""GitHub as a code host: github.com and Enterprise Server, by token or as a GitHub App."""

from scm.github.host import GitHubHost

__all__ = ["GitHubHost"]
