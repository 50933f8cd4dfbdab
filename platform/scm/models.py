"""The local code host's tables: repositories, pull requests, and events, which are its webhooks."""

from django.db import models
from django.db.models.functions import Lower

from scm.names import NAME_LIMIT, REF_LIMIT
from scm.values import PullRequestState, RepositoryName


class LocalRepository(models.Model):
    """A repository on the local host. The row says that it exists; the folder holds what is in it."""

    owner = models.CharField(max_length=NAME_LIMIT)
    name = models.CharField(max_length=NAME_LIMIT)
    description = models.TextField(blank=True)
    default_branch = models.CharField(max_length=REF_LIMIT, default="main")
    private = models.BooleanField(default=True)
    made_by = models.CharField(max_length=255)
    refs = models.JSONField(default=dict, editable=False)
    """Every branch and tag as last told in events: "refs/heads/main" → object id."""
    look_at = models.DateTimeField(null=True, blank=True, db_index=True, editable=False)
    """When to compare `refs` with the folder again; set before each push, in case nobody is left after it."""
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["owner", "name"]
        verbose_name_plural = "local repositories"
        constraints = [
            models.UniqueConstraint(Lower("owner"), Lower("name"), name="scm_repository_name_once"),
        ]

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def full_name(self) -> RepositoryName:
        return RepositoryName(self.owner, self.name)


class LocalPullRequest(models.Model):
    """A wish to merge one branch into another; `head_sha` follows the source branch while it is open."""

    class State(models.TextChoices):
        OPEN = PullRequestState.OPEN.value
        CLOSED = PullRequestState.CLOSED.value
        MERGED = PullRequestState.MERGED.value

    repository = models.ForeignKey(LocalRepository, on_delete=models.CASCADE, related_name="pull_requests")
    number = models.PositiveIntegerField()
    title = models.CharField(max_length=255)
    body = models.TextField(blank=True)
    source_branch = models.CharField(max_length=REF_LIMIT)
    target_branch = models.CharField(max_length=REF_LIMIT)
    head_sha = models.CharField(max_length=64)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    author = models.CharField(max_length=255)
    created = models.DateTimeField(auto_now_add=True)
    updated = models.DateTimeField(auto_now=True)
    ended = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["repository", "number"]
        constraints = [
            models.UniqueConstraint(fields=["repository", "number"], name="scm_pull_request_number_once"),
            models.UniqueConstraint(
                fields=["repository", "source_branch", "target_branch"],
                condition=models.Q(state="open"),
                name="scm_pull_request_open_once",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "closed", "merged"]),
                name="scm_pull_request_state_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.repository}#{self.number}"


class Event(models.Model):
    """Something that happened on the local host, written in the transaction that recorded it.

    Every payload has `host` ("local"), `repository` ("owner/name") and `by` (who did it). A push has `ref`
    ("refs/heads/main"), `before` and `after` (object ids, "" for absence). A pull request has `action`
    ("opened", "synchronized", "closed"), `number`, `head_sha`, `source_branch`, `target_branch`, `merged`.
    """

    class Kind(models.TextChoices):
        PUSH = "push", "push"
        PULL_REQUEST = "pull_request", "pull request"

    repository = models.ForeignKey(LocalRepository, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=32, choices=Kind.choices)
    payload = models.JSONField()
    created = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
