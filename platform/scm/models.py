"""The local host's repositories, pull requests, branch rules and webhooks; events of every host; what others' webhooks
brought."""

import uuid

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from core.leases import Leased
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
    draft = models.BooleanField(default=False, db_default=False)
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


class LocalBranchRules(models.Model):
    """A branch of the local host that is protected; `rules` are `scm.values.BranchRules` as a document."""

    repository = models.ForeignKey(LocalRepository, on_delete=models.CASCADE, related_name="protected")
    branch = models.CharField(max_length=REF_LIMIT)
    rules = models.JSONField()
    updated = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["repository", "branch"]
        verbose_name = verbose_name_plural = "branch rules"
        constraints = [
            models.UniqueConstraint(fields=["repository", "branch"], name="scm_branch_rules_once"),
        ]

    def __str__(self) -> str:
        return f"{self.repository}: {self.branch}"


class LocalHook(models.Model):
    """Somebody who wants to hear what happens in a repository of the local host. The secret is sealed."""

    repository = models.ForeignKey(LocalRepository, on_delete=models.CASCADE, related_name="hooks")
    url = models.CharField(max_length=2000)
    events = models.JSONField(help_text="Kinds of events, or * for all.")
    secret = models.BinaryField(null=True)
    active = models.BooleanField(default=True)
    content_type = models.CharField(max_length=4, choices=[("json", "json"), ("form", "form")])
    created = models.DateTimeField(auto_now_add=True)
    last_outcome = models.TextField(blank=True, default="")
    last_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["repository", "id"]
        constraints = [models.UniqueConstraint(fields=["repository", "url"], name="scm_hook_url_once")]

    def __str__(self) -> str:
        return f"hook {self.pk} of {self.repository}"


class Event(models.Model):
    """Something that happened on a code host, in our words. Who hears of one looks at the host for what is true now.

    On the local host it is written in the transaction that recorded the change; of other hosts it comes from a
    webhook. Every payload has `host`, `repository` ("owner/name") and `by` (who did it, as the host calls them); of
    other hosts also `repository_id`. Kinds:

    - push: `ref` ("refs/heads/main"), `before` and `after` (object ids, "" for absence);
    - pull_request: `action` ("opened", "synchronized", "closed" and the host's others), `number`, `head_sha`,
      `source_branch`, `target_branch`, `merged`;
    - repository: `action` ("created", "renamed", "transferred", "archived", "unarchived", "deleted" …), `former`;
    - organisation: people or teams changed; `owner` instead of `repository`.
    """

    class Kind(models.TextChoices):
        PUSH = "push", "push"
        PULL_REQUEST = "pull_request", "pull request"
        REPOSITORY = "repository", "repository"
        ORGANISATION = "organisation", "organisation"

    host = models.CharField(max_length=255, default="local")
    name = models.CharField(max_length=512, blank=True, default="", help_text="owner/name of the repository.")
    repository = models.ForeignKey(
        LocalRepository, null=True, blank=True, on_delete=models.SET_NULL, related_name="events"
    )
    """The repository's row, on the local host and while there is one."""
    kind = models.CharField(max_length=32, choices=Kind.choices)
    payload = models.JSONField()
    created = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Delivery(Leased):
    """What a webhook brought, stored before anything is done about it, and handled from here.

    The body is sealed: it names people and private repositories. It is dropped after a week, the row after a month.
    `outcome` says in a sentence what became of it, also when nothing did.
    """

    class State(models.TextChoices):
        RECEIVED = "received"
        HANDLED = "handled"
        IGNORED = "ignored"
        FAILED = "failed"

    host = models.CharField(max_length=255)
    delivery_id = models.CharField(max_length=200)
    event = models.CharField(max_length=100, help_text="What the host calls it.")
    body = models.BinaryField(null=True)
    size = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.RECEIVED)
    outcome = models.TextField(blank=True, default="")
    told = models.ForeignKey(Event, null=True, blank=True, on_delete=models.SET_NULL)
    received_at = models.DateTimeField(auto_now_add=True, db_index=True)
    handled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["host", "delivery_id"], name="scm_delivery_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["received", "handled", "ignored", "failed"]),
                name="scm_delivery_state_known",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(state="received"), name="scm_delivery_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.host} {self.event} {self.delivery_id}"


class HookDelivery(Leased):
    """One event on its way to one hook. `due` is when it is tried next; what came of it is in `outcome`."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DELIVERED = "delivered"
        FAILED = "failed"

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    """Tells the receiver that two arrivals are one."""
    hook = models.ForeignKey(LocalHook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="hook_deliveries")
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    due = models.DateTimeField(default=timezone.now)
    outcome = models.TextField(blank=True, default="")
    created = models.DateTimeField(auto_now_add=True)
    ended = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "hook deliveries"
        constraints = [
            models.UniqueConstraint(fields=["hook", "event"], name="scm_hook_delivery_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "delivered", "failed"]),
                name="scm_hook_delivery_state_known",
            ),
        ]
        indexes = [
            models.Index(fields=["due"], condition=models.Q(state="waiting"), name="scm_hook_delivery_due")
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.hook}"
