"""What GitHub and GitLab ask alike of a pull request before it is opened or merged, each by its own `noun` for one."""

from core.errors import Conflict, InputError
from scm.values import PullRequest, PullRequestState


def check_title(title: str, noun: str) -> None:
    """InputError when it says nothing."""
    if not title.strip():
        raise InputError(f"title is empty; say what the {noun} is for")


def open_already(known: PullRequest, noun: str) -> Conflict:
    """The refusal to open a second one for the same two branches."""
    return Conflict(
        f"{noun} {known.number} is open for {known.source_branch!r} and {known.target_branch!r} in "
        f"'{known.repository}'; change it instead: {known.web_url}",
        number=known.number,
    )


def check_mergeable(pull: PullRequest, noun: str) -> None:
    """Conflict when it is closed, or a draft."""
    if pull.state is PullRequestState.CLOSED:
        raise Conflict(f"{noun} {pull.number} of '{pull.repository}' is closed; open it again, or a new one")
    if pull.draft:
        raise Conflict(f"{noun} {pull.number} of '{pull.repository}' is a draft; mark it as ready first")
