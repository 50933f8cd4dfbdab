"""The local code host in the admin: to look at, not to change."""

from django.contrib import admin

from core.admin import ReadOnly
from scm.models import Event, LocalPullRequest, LocalRepository


@admin.register(LocalRepository)
class LocalRepositoryAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["__str__", "description", "default_branch", "private", "made_by", "created"]
    list_filter = ["owner", "private"]
    search_fields = ["owner", "name", "description", "made_by"]


@admin.register(LocalPullRequest)
class LocalPullRequestAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["__str__", "title", "source_branch", "target_branch", "state", "author", "updated"]
    list_filter = ["state"]
    list_select_related = ["repository"]
    search_fields = ["title", "author", "head_sha", "repository__owner", "repository__name"]


@admin.register(Event)
class EventAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["id", "kind", "repository", "created"]
    list_filter = ["kind"]
    list_select_related = ["repository"]
    search_fields = ["repository__owner", "repository__name"]
