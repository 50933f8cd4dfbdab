"""GitLab as a code host: gitlab.com and self-managed, by token.

The host itself is in `scm.gitlab.host`: python-gitlab costs 0.2 seconds and memory, which who has no GitLab does not pay.
"""
