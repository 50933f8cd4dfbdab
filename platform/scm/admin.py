"""The local code host in the admin: to look at, not to change."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from scm.models import Event, LocalPullRequest, LocalRepository


class ReadOnly(admin.ModelAdmin):
    """Repositories change by git and by actions; a form that edits rows would make them disagree."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(LocalRepository)
class LocalRepositoryAdmin(ReadOnly):
    list_display = ["__str__", "description", "default_branch", "private", "made_by", "created"]
    list_filter = ["owner", "private"]
    search_fields = ["owner", "name", "description", "made_by"]


@admin.register(LocalPullRequest)
class LocalPullRequestAdmin(ReadOnly):
    list_display = ["__str__", "title", "source_branch", "target_branch", "state", "author", "updated"]
    list_filter = ["state"]
    list_select_related = ["repository"]
    search_fields = ["title", "author", "head_sha", "repository__owner", "repository__name"]


@admin.register(Event)
class EventAdmin(ReadOnly):
    list_display = ["id", "kind", "repository", "created"]
    list_filter = ["kind"]
    list_select_related = ["repository"]
    search_fields = ["repository__owner", "repository__name"]
