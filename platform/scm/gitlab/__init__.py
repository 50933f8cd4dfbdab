"""GitLab as a code host: gitlab.com and self-managed, by token."""

from scm.gitlab.host import GitLabHost

__all__ = ["GitLabHost"]
