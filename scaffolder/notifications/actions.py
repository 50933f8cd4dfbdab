"""What changes notifications: send, mark as read or saved, take back."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from django.db import transaction
from django.utils import timezone

from scaffolder.notifications.models import Mark, Notification


@dataclass(frozen=True, slots=True)
class Message:
    """What is told."""

    title: str
    description: str = ""
    link: str = ""
    severity: str = "normal"
    topic: str = ""
    scope: str = ""


@transaction.atomic
def send(*, run_id: str, key: str, message: Message, recipients: Sequence[str]) -> None:
    """Tell each of these people; "" is everybody. A message of the same scope that they have is replaced, and unread again."""
    rest = list(recipients)
    now = timezone.now()
    if message.scope:
        there = Notification.objects.select_for_update().filter(user_ref__in=rest, scope=message.scope)
        known = dict(
            there.order_by("sent_at").values_list("user_ref", "pk")
        )  # the latest, when there are two
        Mark.objects.filter(notification__in=list(known.values())).update(read_at=None)
        Notification.objects.filter(pk__in=list(known.values())).update(
            **asdict(message), run_id=run_id, key=key, sent_at=now, withdrawn=False
        )
        rest = [ref for ref in rest if ref not in known]
    fresh = {"run_id": run_id, "key": key, "created_at": now, "sent_at": now, **asdict(message)}
    Notification.objects.bulk_create((Notification(user_ref=ref, **fresh) for ref in rest), batch_size=1000)


@transaction.atomic
def mark(
    *, ids: Iterable[uuid.UUID], person: str, read: bool | None = None, saved: bool | None = None
) -> None:
    """Note what a person did with these. What is not theirs to see is passed over; a moment that is noted stays."""
    mine = list(Notification.objects.of_person(person).filter(pk__in=list(ids)).values_list("pk", flat=True))
    Mark.objects.bulk_create(
        (Mark(notification_id=pk, user_ref=person) for pk in sorted(mine)), ignore_conflicts=True
    )
    marks = Mark.objects.filter(notification__in=mine, user_ref=person)
    now = timezone.now()
    wanted: Mapping[str, bool | None] = {"read_at": read, "saved_at": saved}
    for column, value in wanted.items():
        if value is not None:
            marks.filter(**{f"{column}__isnull": value}).update(**{column: now if value else None})


@transaction.atomic
def withdraw(*, run_id: str, key: str) -> tuple[int, int]:
    """Take back what one step of a run sent, as far as it was not read: how many, and how many had been read."""
    sent = Notification.objects.filter(run_id=run_id, key=key)
    _, gone = sent.unread_by_all().delete()
    return gone.get(Notification._meta.label, 0), sent.update(withdrawn=True)
