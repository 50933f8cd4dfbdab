"""`/api/notifications/`: what the signed-in person was told, in the form of Backstage's notifications plugin."""

import uuid
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.urls import path
from django.utils.dateparse import parse_datetime

from core.api.params import Choice, Many, Text, Whole
from core.api.responses import json_data
from core.api.views import ApiView
from core.errors import InputError, NotAllowed
from scaffolder.api.documents import instant
from scaffolder.notifications import actions
from scaffolder.notifications.models import ORIGIN, SEVERITIES, Notification
from scaffolder.notifications.querysets import NotificationQuerySet

MOST = 200
"""Notifications on a page, and ids of one update."""
_ORDERS = {
    "created": "sent_at",
    "read": "read_at",
    "topic": "topic",
    "saved": "saved_at",
    "title": "title",
}
_YES = Choice(("true", "false"))
_FILTERS = {
    "search": Text(),
    "read": _YES,
    "saved": _YES,
    "createdAfter": Text(),
    "minimumSeverity": Choice(SEVERITIES),
}


class PersonView(ApiView):
    """A route about the notifications of the person who asks; a service has none."""

    permission = "notification.read"

    def mine(self) -> NotificationQuerySet:
        return Notification.objects.of_person(self.person())

    def person(self) -> str:
        """The person's reference; NotAllowed in the contract's words for who is none."""
        if not self.subject.entity_ref:
            raise NotAllowed("This endpoint does not allow 'service' credentials")
        return self.subject.entity_ref.lower()

    def filtered(self) -> NotificationQuerySet:
        """Those that the query's filters let through."""
        found, given = self.mine(), self.params
        for name, column in (("read", "read_at"), ("saved", "saved_at")):
            if given[name] is not None:
                found = found.filter(**{f"{column}__isnull": given[name] == "false"})
        if given["minimumSeverity"]:
            found = found.filter(severity__in=SEVERITIES[: SEVERITIES.index(given["minimumSeverity"]) + 1])
        if given["createdAfter"]:
            found = found.filter(sent_at__gt=_moment(given["createdAfter"]))
        for word in (given["search"] or "")[:200].split():
            found = found.filter(Q(title__icontains=word) | Q(description__icontains=word))
        return found


class NotificationsView(PersonView):
    """`GET /notifications`: the latest first."""

    query = {
        "offset": Whole(minimum=0, maximum=100_000, default=0),
        "limit": Whole(minimum=0, default=MOST),
        "orderField": Many(),
        "topic": Text(),
        **_FILTERS,
    }

    def get(self, _request: Any) -> HttpResponse:
        found = self.filtered()
        if self.params["topic"] is not None:
            found = found.filter(topic=self.params["topic"])
        start, limit = self.params["offset"], min(self.params["limit"], MOST)
        page = found.order_by(*_order(self.params["orderField"]))[start : start + limit] if limit else ()
        return json_data({"totalCount": found.count(), "notifications": [_document(one) for one in page]})


class NotificationView(PersonView):
    """`GET /notifications/:id`."""

    def get(self, _request: Any, notification_id: str) -> HttpResponse:
        return json_data(_document(self.mine().named(notification_id)))


class StatusView(PersonView):
    """`GET /status`: the number that a portal shows at the bell."""

    def get(self, _request: Any) -> HttpResponse:
        return json_data(self.mine().counts())


class TopicsView(PersonView):
    """`GET /topics`: what may be filtered by."""

    query = _FILTERS

    def get(self, _request: Any) -> HttpResponse:
        topics = (
            self.filtered().exclude(topic="").order_by("topic").values_list("topic", flat=True).distinct()
        )
        return json_data({"topics": list(topics[:MOST])})


class UpdateView(PersonView):
    """`POST /notifications/update`: read, unread, saved, not saved."""

    permission = "notification.update"

    def post(self, _request: Any) -> HttpResponse:
        body = self.document(required=("ids",))
        ids = body["ids"]
        if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
            raise InputError("request/body/ids must be an array of strings")
        if len(ids) > MOST:
            raise InputError(f"request/body/ids has {len(ids)} items; {MOST} can be updated at once")
        wanted = {name: body.get(name) for name in ("read", "saved")}
        for name, value in wanted.items():
            if value is not None and not isinstance(value, bool):
                raise InputError(f"request/body/{name} must be boolean")
        known = [one for one in map(_uuid, ids) if one is not None]  # what is not there is passed over
        actions.mark(ids=known, person=self.person(), **wanted)
        return json_data([_document(one) for one in self.mine().filter(pk__in=known)])


def _document(one: Any) -> dict[str, Any]:
    """A notification with the person's own marks."""
    moved = one.sent_at != one.created_at
    return {
        "id": str(one.pk),
        "user": one.user_ref or None,
        "created": instant(one.created_at),
        "saved": instant(one.saved_at) if one.saved_at else None,
        "read": instant(one.read_at) if one.read_at else None,
        "updated": instant(one.sent_at) if moved else None,
        "origin": ORIGIN,
        "payload": {
            "title": one.title,
            "description": one.description or None,
            "link": one.link or None,
            "topic": one.topic or None,
            "severity": one.severity,
            "scope": one.scope or None,
            "icon": None,
        },
    }


def _uuid(written: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(written)
    except ValueError:
        return None


def _order(given: list[str]) -> list[str]:
    fields = []
    for pair in given or ["created,desc"]:
        name, _, direction = pair.partition(",")
        if name not in _ORDERS or direction not in {"", "asc", "desc"}:
            raise InputError(
                f"request/query/orderField: {pair[:60]!r} is none; write field,asc or field,desc with one of "
                f"{', '.join(_ORDERS)}"
            )
        fields.append(f"{'-' if direction == 'desc' else ''}{_ORDERS[name]}")
    return [*fields, "-pk"]


def _moment(written: str) -> datetime:
    try:
        found = parse_datetime(written)
    except ValueError:
        found = None
    if found is None:
        raise InputError(
            f"request/query/createdAfter: {written[:60]!r} is no time, as in 2026-01-01T00:00:00Z"
        )
    return found if found.tzinfo else found.replace(tzinfo=UTC)


_LIST, _ONE, _UPDATE = NotificationsView.as_view(), NotificationView.as_view(), UpdateView.as_view()
urlpatterns = [
    path("", _LIST),  # the contract's older names, beside the newer ones
    path("notifications", _LIST),
    path("status", StatusView.as_view()),
    path("topics", TopicsView.as_view()),
    path("update", _UPDATE),
    path("notifications/update", _UPDATE),
    path("notifications/<str:notification_id>", _ONE),
    path("<str:notification_id>", _ONE),
]
