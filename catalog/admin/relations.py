"""The relations in the admin: each fact once, as the entity states it."""

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest

from catalog.admin import shown
from catalog.admin.listing import Derived
from catalog.models import Entity, Relation
from catalog.predicates import EVERYTHING
from catalog.visibility import visible_to


@admin.register(Relation)
class RelationAdmin(Derived):
    list_display = ("source", "type", "target", "reverse")
    list_display_links = None
    search_fields = ("source_ref",)  # makes the box appear; get_search_results says what it finds
    search_help_text = "A whole reference, such as component:default/payments: at either end."
    sortable_by = ()
    ordering = ("source_ref", "type", "target_ref")
    readonly_fields = ("source_ref", "type", "target_ref", "reverse")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Relation]:
        """What entities say that the person may see."""
        relations: QuerySet[Relation] = super().get_queryset(request)
        if visible_to(request.user) == EVERYTHING:
            return relations
        said_by = Entity.objects.visible_to(request.user).filter(ref=OuterRef("source_ref"))
        return relations.filter(Exists(said_by))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Relation], search_term: str
    ) -> tuple[QuerySet[Relation], bool]:
        """Both ends have an index."""
        ref = search_term.strip().lower()
        return (queryset.filter(Q(source_ref=ref) | Q(target_ref=ref)) if ref else queryset), False

    @admin.display(description="says")
    def source(self, relation: Relation) -> str:
        return shown.entity_link(relation.source_ref)

    @admin.display(description="of")
    def target(self, relation: Relation) -> str:
        return shown.entity_link(relation.target_ref)
