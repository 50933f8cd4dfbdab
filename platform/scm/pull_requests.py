"""Changes to pull requests of the local host: opened, followed, closed, merged."""

from collections.abc import Collection

from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone

from core.api.subjects import System
from core.audit import Actor, record
from core.errors import Conflict, InputError, NotFound
from scm import events, storage
from scm.bare import BareRepository
from scm.commits import merge_commit
from scm.models import Event, LocalPullRequest, LocalRepository
from scm.values import Author

State = LocalPullRequest.State
_HEADS = "refs/heads/"


@transaction.atomic
def open_pull_request(
    *,
    repository: LocalRepository,
    title: str,
    body: str,
    source_branch: str,
    target_branch: str,
    author: str,
    draft: bool = False,
) -> LocalPullRequest:
    """Ask for a merge. The branches exist and differ; one open request for the same two is enough."""
    _checked_title(title)
    repository = LocalRepository.objects.select_for_update().get(pk=repository.pk)
    bare = storage.bare(repository.full_name)
    head, base = _branch(bare, "source", source_branch), _branch(bare, "target", target_branch)
    if not bare.related(base, head):
        raise InputError(
            f"source branch {source_branch!r} shares no history with {target_branch!r}; start it there"
        )
    if bare.contains(base, head):
        raise InputError(
            f"source branch {source_branch!r} has nothing that {target_branch!r} lacks; push to it first"
        )
    rows = LocalPullRequest.objects.filter(repository=repository)
    twin = rows.filter(source_branch=source_branch, target_branch=target_branch, state=State.OPEN).first()
    if twin is not None:
        raise Conflict(f"pull request {twin.number} is open for the same branches; use it, or close it first")
    pull = LocalPullRequest.objects.create(
        repository=repository,
        number=(rows.aggregate(last=Max("number"))["last"] or 0) + 1,
        title=title,
        body=body,
        source_branch=source_branch,
        target_branch=target_branch,
        head_sha=head,
        author=author,
        draft=draft,
    )
    _tell(pull, "opened", by=System(author))
    return pull


@transaction.atomic
def edit_pull_request(pull: LocalPullRequest, *, title: str, body: str) -> LocalPullRequest:
    """Give it another title and text, whatever became of it."""
    _checked_title(title)
    pull = (
        LocalPullRequest.objects.select_for_update(of=("self",)).select_related("repository").get(pk=pull.pk)
    )
    if (pull.title, pull.body) != (title, body):
        pull.title, pull.body = title, body
        pull.save(update_fields=["title", "body", "updated"])
        _tell(pull, "edited", by=System("system:scm"))
    return pull


def close_pull_request(pull: LocalPullRequest, *, by: Actor) -> LocalPullRequest:
    """End it without merging; one that has ended stays as it is."""
    with transaction.atomic():
        _end(pull, State.CLOSED, by=by)
    pull.refresh_from_db()
    return pull


def merge_pull_request(pull: LocalPullRequest, *, by: Author) -> None:
    """Put the merge commit on the target branch. The caller tells the change, which marks it merged.

    Nothing is done when the target holds the head already: an earlier attempt got that far.
    """
    if pull.state != State.OPEN:
        raise Conflict(f"pull request {pull.number} is {pull.state}; only an open one can be merged")
    if pull.draft:
        raise Conflict(
            f"pull request {pull.number} is a draft; finish its branch, close it, and open one that is none"
        )
    bare = storage.bare(pull.repository.full_name)
    head, base = _branch(bare, "source", pull.source_branch), _branch(bare, "target", pull.target_branch)
    if not bare.contains(base, head):
        message = f"Merge pull request #{pull.number} from {pull.source_branch}\n\n{pull.title}\n"
        made = merge_commit(bare, target=base, source=head, message=message, author=by)
        bare.move(pull.target_branch, to=made, expected=base)


def follow(
    repository: LocalRepository, bare: BareRepository, changed: Collection[str], *, by: Actor
) -> list[Event]:
    """Let open pull requests follow the refs that changed: new head, merged, or a branch that is gone."""
    branches = [ref.removeprefix(_HEADS) for ref in changed if ref.startswith(_HEADS)]
    touched = LocalPullRequest.objects.select_related("repository").filter(
        Q(source_branch__in=branches) | Q(target_branch__in=branches), repository=repository, state=State.OPEN
    )
    told: list[Event] = []
    for pull in touched.order_by("number"):
        head, base = (repository.refs.get(_HEADS + name) for name in (pull.source_branch, pull.target_branch))
        # A source branch that was deleted after its merge is merged all the same.
        if base and bare.contains(base, head or pull.head_sha):
            pull.head_sha = head or pull.head_sha
            told += _end(pull, State.MERGED, by=by)
        elif not head or not base:
            told += _end(pull, State.CLOSED, by=by)
        elif head != pull.head_sha:
            pull.head_sha = head
            pull.save(update_fields=["head_sha", "updated"])
            told.append(_tell(pull, "synchronized", by=by))
    return told


def _end(pull: LocalPullRequest, state: LocalPullRequest.State, *, by: Actor) -> list[Event]:
    now = timezone.now()
    changed = LocalPullRequest.objects.filter(pk=pull.pk, state=State.OPEN).update(
        state=state, head_sha=pull.head_sha, ended=now, updated=now
    )
    if not changed:
        return []
    pull.state = state
    return [_tell(pull, "closed", by=by)]


def _tell(pull: LocalPullRequest, action: str, *, by: Actor) -> Event:
    record(by, action, pull, state=pull.state, head_sha=pull.head_sha)
    return events.tell(
        pull.repository,
        Event.Kind.PULL_REQUEST,
        action=action,
        number=pull.number,
        head_sha=pull.head_sha,
        source_branch=pull.source_branch,
        target_branch=pull.target_branch,
        merged=pull.state == State.MERGED,
        by=by.ref,
    )


def _branch(bare: BareRepository, role: str, name: str) -> str:
    head = bare.head(name)
    if head is None:
        raise NotFound(f"{role} branch {name!r} is not in the repository; push it first")
    return head


def _checked_title(title: str) -> None:
    if not title.strip() or len(title) > 255:
        raise InputError("title must be 1 to 255 characters")
