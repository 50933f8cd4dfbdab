"""What goes wrong between us and git."""

from core.errors import ExternalError, Unavailable


class GitMissing(Unavailable):
    """No usable `git` is on PATH. Install git 2.38 or newer, or put it on the PATH of web and worker."""

    code = "git_missing"


class GitFailed(ExternalError):
    """Git ended with an error. Its own words, without secrets, follow the command's name."""

    code = "git_failed"


class GitTimedOut(Unavailable):
    """Git took longer than the call allows and was stopped with its children. Try again later."""

    code = "git_timed_out"
