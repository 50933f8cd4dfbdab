"""GitHub as a code host: github.com and Enterprise Server, by token or as a GitHub App.

The host itself is in `scm.github.host`: PyGithub costs half a second and 50 MB, which who has no GitHub does not pay.
"""
