"""Notifications in the admin: what runs told whom, and whether it was read."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.safestring import SafeString

from scaffolder.admin import links
from scaffolder.admin.listing import Table
from scaffolder.notifications.models import Mark, Notification

EVERYBODY = "everybody"


@admin.register(Notification)
class NotificationAdmin(Table):
    list_display = ("title", "recipient", "severity", "topic", "sent_at", "read")
    list_filter = ("severity",)
    search_fields = ("title", "user_ref")
    search_help_text = "A part of a title, or of a person's reference."
    nothing_yet = "Nobody was told anything yet: a template's step notification:send does."
    fields = readonly_fields = (
        *("title", "description", "way", "recipient", "severity", "topic", "scope", "sent_by"),
        *("created_at", "sent_at", "read", "taken_back"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        """Each with how many people have read it."""
        marks = Mark.objects.filter(notification=OuterRef("pk"), read_at__isnull=False).order_by()
        readers = marks.values("notification").annotate(number=Count("pk")).values("number")
        rows: QuerySet[Notification] = super().get_queryset(request)
        return rows.annotate(readers=Coalesce(Subquery(readers), 0))

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        return lookup == "run__id__exact" or super().lookup_allowed(lookup, value, request)

    def title_of(self, row: Notification) -> str:
        return row.title

    @admin.display(description="to", ordering="user_ref")
    def recipient(self, notification: Notification) -> str:
        return links.short(notification.user_ref) or EVERYBODY

    @admin.display(description="read")
    def read(self, notification: Any) -> str:
        if notification.user_ref:
            return "yes" if notification.readers else "no"
        return f"by {notification.readers:,}" if notification.readers else "by nobody"

    @admin.display(description="taken back")
    def taken_back(self, notification: Notification) -> str:
        return "yes, for all who had not read it" if notification.withdrawn else "no"

    @admin.display(description="leads to")
    def way(self, notification: Notification) -> SafeString:
        return links.outside(notification.link, notification.link or "-")

    @admin.display(description="sent by run")
    def sent_by(self, notification: Notification) -> SafeString:
        if notification.run_id is None:
            return links.NOTHING
        return links.page("run", notification.run_id, notification.run_id)
