"""The catalog's own routes, mounted at `/api/v1/catalog/`. `<ref>` stands for kind, namespace and name."""

from django.urls import path

from catalog.api.v1.changes import CatalogChangesView
from catalog.api.v1.entities import EntityView, OwnedEntitiesView
from catalog.api.v1.graph import GraphView
from catalog.api.v1.history import EntityDiffView, EntityHistoryView
from catalog.api.v1.impact import ImpactView
from catalog.api.v1.owner_suggestion import OwnerSuggestionView
from catalog.api.v1.ownership import OwnershipReportView, OwnershipView
from catalog.api.v1.transfer import CatalogExportView, CatalogImportView

NAMED = "<str:kind>/<str:namespace>/<str:name>"

urlpatterns = [
    path("entities", OwnedEntitiesView.as_view()),
    path("graph", GraphView.as_view()),
    path("impact", ImpactView.as_view()),
    path(f"entities/{NAMED}", EntityView.as_view()),
    path(f"entities/{NAMED}/history", EntityHistoryView.as_view()),
    path(f"entities/{NAMED}/diff", EntityDiffView.as_view()),
    path(f"entities/{NAMED}/owner-suggestion", OwnerSuggestionView.as_view()),
    path("changes", CatalogChangesView.as_view()),
    path(f"ownership/{NAMED}", OwnershipView.as_view()),
    path("reports/ownership", OwnershipReportView.as_view()),
    path("export", CatalogExportView.as_view()),
    path("import", CatalogImportView.as_view()),
]
