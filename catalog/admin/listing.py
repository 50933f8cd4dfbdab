"""What all lists of the catalog share: they are looked at, and nothing is counted further than people turn pages."""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Page, Paginator
from django.db.models import Value
from django.db.models.functions import Concat
from django.http import HttpRequest, HttpResponse

from core.admin import ReadOnly

PER_PAGE = 50
FARTHEST = 5_000
"""Rows that a list leads to; beyond it a filter or a search leads on. Keeps counts and the last page cheap."""

ROW_ACTIONS = ("refresh", "unregister")
"""Actions that a row's own page offers too."""


class BoundedPaginator(Paginator):
    """Pages of the first rows. `goes_on` tells that there are more than it leads to."""

    @cached_property
    def counted(self) -> int:
        """Rows, counted no further than one beyond the last that is shown."""
        first: Any = self.object_list
        return int(first.order_by().values("pk")[: FARTHEST + 1].count())

    @cached_property
    def count(self) -> int:
        """Rows that the pages lead to."""
        return min(self.counted, FARTHEST)

    def page(self, number: int | str) -> Page:
        """A page. When few rows match, they are gathered and sorted: PostgreSQL, which takes conditions to be
        independent of the order, might walk the whole table to find the first of them."""
        if not self.goes_on:
            rows: Any = self.object_list
            first, *rest = rows.query.order_by
            self.object_list = rows.order_by(Concat(first, Value("")), *rest)  # has no index
        return super().page(number)

    @property
    def goes_on(self) -> bool:
        """Whether there are rows behind the last page."""
        return self.counted > FARTHEST


class BoundedList(ChangeList):
    """A list that never fetches more than a page, also when rows came since they were counted."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = self.result_list[:PER_PAGE]


class Derived(ReadOnly, admin.ModelAdmin):
    """A table that is read from files: shown, never typed into.

    Who may see a row may not yet act on it: `change` stands for having read again, `delete` for unregistering.
    """

    actions_on_bottom = False
    list_per_page = PER_PAGE
    list_max_show_all = PER_PAGE
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    class Media:
        css = {"all": ["catalog/admin.css"]}

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Nothing but the filters beside the list: any other condition in an address could cost a walk."""
        filters: Iterable[Any] = self.list_filter
        return lookup in {
            f"{each}__exact" if isinstance(each, str) else each.parameter_name for each in filters
        }

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return BoundedList

    def has_refresh_permission(self, request: HttpRequest) -> bool:
        """Who may have things read again."""
        return self._may(request, "change")

    def has_unregister_permission(self, request: HttpRequest) -> bool:
        """Who may have things gone."""
        return self._may(request, "delete")

    def _may(self, request: HttpRequest, verb: str) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.{verb}_{self.opts.model_name}")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A row's page, with the actions that the person may have done to it."""
        offered = [
            (name, title.partition(":")[0])
            for name, title in self.get_action_choices(request, default_choices=[])
            if name in ROW_ACTIONS
        ]
        return super().change_view(
            request, object_id, form_url, {"row_actions": offered, **(extra_context or {})}
        )
