"""What goes wrong between us and git, and between us and code hosts."""

from core.errors import Conflict, ExternalError, InputError, NotAllowed, NotFound, Unavailable


class GitMissing(Unavailable):
    """No usable `git` is on PATH. Install git 2.38 or newer, or put it on the PATH of web and worker."""

    code = "git_missing"


class GitFailed(ExternalError):
    """Git ended with an error. Its own words, without secrets, follow the command's name."""

    code = "git_failed"


class GitCancelled(Conflict):
    """What git worked for was cancelled, and git was stopped with its children. Start it again."""

    code = "git_cancelled"


class GitTimedOut(Unavailable):
    """Git took longer than the call allows and was stopped with its children. Try again later."""

    code = "git_timed_out"


class RepositoryNotFound(NotFound):
    """The host shows us no such repository: it is gone, renamed, or our credential may no longer see it.

    Unlike a missing file it says nothing about what the repository holds.
    """

    code = "repository_not_found"


class CredentialRefused(ExternalError):
    """A code host refuses the token or app that we were configured with. Renew it, or give it more rights."""

    code = "credential_refused"


class Unacceptable(InputError):
    """A code host does not take what it was sent. Its own words follow: mend the field that they name."""

    code = "unacceptable"


class PushRefused(NotAllowed):
    """A code host does not take what was pushed: the branch is protected, or a rule or hook of its own says no.

    Open a pull request instead, or let somebody with the right change the rule; the host's words follow.
    """

    code = "push_refused"
