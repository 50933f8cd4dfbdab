"""Run, StepRun, RunEvent, Effect: what is to be made, how far it is, what was said, what was made outside."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from catalog.models import Entity
from core.leases import Leased
from scaffolder.approvals.models import Approval, ApprovalRequest  # noqa: F401 - tables of this app
from scaffolder.artifacts.models import Artifact, Part  # noqa: F401 - tables of this app
from scaffolder.json_text import JsonText
from scaffolder.notifications.models import Mark, Notification  # noqa: F401 - tables of this app
from scaffolder.querysets import RunEventQuerySet, RunQuerySet, StepRunQuerySet, TemplateManager
from scaffolder.rollback.models import Rollback  # noqa: F401 - tables of this app
from scaffolder.states import EffectState, RunState, StepState
from scaffolder.upgrades.models import Campaign, Member, Upgrade  # noqa: F401 - tables of this app


class Run(Leased):
    """One template being carried out. Backstage, and so the wire, calls it a task.

    `spec` is frozen at the start: a template that changes meanwhile changes nothing here. `secrets` are sealed and
    are gone when the run ends. `restarts` counts workers that died since the last step was finished.
    """

    class Serves(models.TextChoices):
        TEMPLATE = "template", "its template's steps"
        UPGRADE = "upgrade", "an upgrade to a newer version"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    template_ref = models.TextField(db_index=True)
    spec = JsonText()
    subject = models.JSONField(
        default=dict, editable=False, help_text="Who asked, with what they might do then."
    )
    template_version = models.ForeignKey(
        "TemplateVersion", null=True, on_delete=models.PROTECT, related_name="runs"
    )
    serves = models.CharField(
        max_length=8, choices=Serves.choices, default=Serves.TEMPLATE, help_text="What it is carried out for."
    )
    secrets = models.BinaryField(null=True, editable=False)
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.OPEN)
    cancel_requested = models.BooleanField(default=False)
    output = JsonText(null=True)
    created_by = models.TextField(db_index=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    last_heartbeat_at = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(default=timezone.now, help_text="When a worker was last called for it.")
    restarts = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(
        null=True, help_text="When a worker first took it, since it was last open."
    )
    owner_ref = models.TextField(default="", help_text="Who owns the template.")
    places = models.JSONField(default=list, help_text="The code hosts that its repository addresses name.")
    waits_for = models.TextField(
        blank=True, default="", help_text="Why no worker takes it yet, when that is a limit."
    )
    secret_names = models.JSONField(default=list, editable=False)
    request_key = models.CharField(
        max_length=255, blank=True, default="", editable=False, help_text="The Idempotency-Key it came with."
    )
    request_digest = models.CharField(max_length=64, blank=True, default="", editable=False)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at", "-id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["rung_at"],
                name="run_unfinished",
                condition=models.Q(state__in=["open", "processing"]),
            )
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(state__in=RunState.values), name="run_state_known"),
            models.UniqueConstraint(
                fields=["created_by", "request_key"],
                condition=~models.Q(request_key=""),
                name="run_once_a_request",
            ),
            models.CheckConstraint(
                condition=models.Q(serves__in=["template", "upgrade"]), name="run_serves_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "open", "processing"])
                | models.Q(secrets__isnull=True),
                name="run_secrets_gone_at_the_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template_ref} {self.id}"


class StepRun(models.Model):
    """How far one step of a run is. What is completed, skipped or failed here is not done again."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField()
    step_id = models.TextField()
    state = models.CharField(max_length=10, choices=StepState.choices, default=StepState.PROCESSING)
    output = JsonText(default=dict, help_text="With the run's secrets masked.")
    sealed_output = models.BinaryField(
        null=True, editable=False, help_text="The whole output, if it has secrets."
    )
    forgotten = models.BooleanField(
        default=False,
        help_text="The whole output is gone with the run's secrets; a retry does the step again.",
    )
    error = JsonText(null=True)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects = StepRunQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["run", "position"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["run", "position"], name="step_run_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=StepState.values), name="step_run_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position + 1}. {self.step_id}"


class RunEvent(models.Model):
    """One thing that a run said. Ids rise over all runs; those of one run are committed in their order."""

    class Type(models.TextChoices):
        LOG = "log"
        COMPLETION = "completion"
        CANCELLED = "cancelled"
        RECOVERED = "recovered"

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    type = models.CharField(max_length=10, choices=Type.choices)
    body = JsonText()
    created_at = models.DateTimeField(default=timezone.now)

    objects = RunEventQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["run", "id"], name="run_event_order")]

    def __str__(self) -> str:
        return f"{self.type} {self.body.get('message', '')}"


class Checkpoint(models.Model):
    """Something inside a step that is not done again when the step is. The value is sealed, and gone with the run's secrets."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="checkpoints")
    step_id = models.TextField()
    key = models.TextField()
    value = models.BinaryField(editable=False)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["run", "step_id", "key"], name="checkpoint_once"),
        ]

    def __str__(self) -> str:
        return f"{self.step_id}: {self.key}"


class Effect(models.Model):
    """Something that a run makes outside of its workspace: noted before, proved after, taken back by a rollback.

    `details` is what taking it back needs, such as the host's own id; never a secret.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="effects")
    step_id = models.TextField()
    action = models.TextField(default="")
    kind = models.CharField(max_length=40)
    key = models.TextField()
    details = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=EffectState.choices, default=EffectState.INTENDED)
    reason = models.TextField(blank=True, default="", help_text="Why it is left to a person.")
    intended_at = models.DateTimeField(default=timezone.now)
    made_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["run", "kind", "key"], name="effect_once_a_run"),
            models.CheckConstraint(
                condition=models.Q(state__in=EffectState.values), name="effect_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class TemplateVersion(models.Model):
    """A template as it was at one moment; never changed. `number` counts up for each template, from 1.

    `digest` is the SHA-256 of the document and of its files. `commit` is what fixes those: the first commit of their
    repository that has them, or the digest of the copy that was kept of a folder of this machine. It is "" when nothing
    could fix them; `unpinned` says why. `source` is the address that relative ones start from. Only `seen_commit`
    changes: the latest commit that was found to have the same files.
    """

    template_ref = models.TextField()
    number = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)
    stated = models.CharField(max_length=64, default="", help_text="SHA-256 of document and source alone.")
    commit = models.CharField(max_length=64, blank=True, default="")
    seen_commit = models.CharField(max_length=64, blank=True, default="")
    unpinned = models.TextField(blank=True, default="", help_text="Why its files may change.")
    source = models.TextField(blank=True, default="")
    document = JsonText()
    recorded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar[list[str]] = ["template_ref", "-number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["template_ref", "number"], name="template_version_number_once"),
            models.UniqueConstraint(fields=["template_ref", "digest"], name="template_version_digest_once"),
        ]

    def __str__(self) -> str:
        return f"{self.template_ref} version {self.number}"


class Instance(models.Model):
    """A repository that a run made from a template and registered, and which version it is of now.

    `values` are the answers that it was made with, and those that upgrades added. `commit` is what the run published.
    """

    entity_ref = models.TextField(db_index=True)
    template_ref = models.TextField()
    host = models.CharField(max_length=255)
    repository = models.TextField()
    branch = models.TextField(help_text="What was published to.")
    commit = models.CharField(max_length=64)
    location = models.UUIDField(help_text="The catalog's location, whose entities tell where they come from.")
    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="instances")
    version = models.ForeignKey(TemplateVersion, on_delete=models.PROTECT, related_name="instances")
    values = JsonText(default=dict)
    made_at = models.DateTimeField(default=timezone.now)
    upgraded_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["template_ref", "entity_ref", "id"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["template_ref", "id"], name="instance_of_template")
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["run", "host", "repository"], name="instance_once_a_run"),
        ]

    def __str__(self) -> str:
        return f"{self.entity_ref} in {self.host}:{self.repository}"


class TemplateEntity(Entity):
    """A template is an entity of the catalog; this is its page in the admin."""

    objects: ClassVar[TemplateManager] = TemplateManager()  # type: ignore[assignment]

    class Meta:
        proxy = True
        verbose_name = "template"
        ordering: ClassVar[list[str]] = ["ref"]
