"""What the scaffolder's tables in the admin share: read-only, fifty rows a page, filters in plain words."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest, HttpResponse

from core.admin import ReadOnly
from scaffolder.admin.links import short


class Table(ReadOnly, admin.ModelAdmin):
    """A table that actions change. `nothing_yet` tells, while there are no rows, where they come from."""

    nothing_yet = ""
    list_per_page = list_max_show_all = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions: Any = None

    class Media:
        css = {
            "all": ["catalog/admin.css", "scaffolder/admin.css"]
        }  # buttons on a row's page are the catalog's

    def title_of(self, row: Any) -> str:
        """What a row's page is called."""
        return str(row)

    def decisions(self, request: HttpRequest, row: Any) -> list[tuple[str, str]]:
        """Actions that the row's own page offers too, by name and title."""
        return []

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        context |= {"subtitle": self.title_of(obj), "row_actions": self.decisions(request, obj)}
        return super().render_change_form(request, context, add, change, form_url, obj)


class Values(admin.AllValuesFieldListFilter):
    """The values of a column, said shortly, under the name that people have for it."""

    def __init__(self, field: Any, *args: Any, **more: Any) -> None:
        super().__init__(field, *args, **more)
        self.title = field.name.removesuffix("_ref").removeprefix("spec_")

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for choice in super().choices(changelist):
            yield {**choice, "display": short(str(choice["display"]))}
