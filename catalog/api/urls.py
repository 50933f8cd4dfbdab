"""The catalog's routes, mounted at `/api/catalog/`."""

from django.urls import path

from catalog.api.analysis import AnalyzeLocationView
from catalog.api.description import DescriptionView
from catalog.api.entities import EntityAncestryView, EntityByNameView, EntityByUidView, RefreshView
from catalog.api.lists import EntitiesByQueryView, EntitiesByRefsView, EntitiesView, EntityFacetsView
from catalog.api.locations import LocationByEntityView, LocationsByQueryView, LocationsView, LocationView
from catalog.api.permissions import PermissionMetadataView
from catalog.api.unprocessed import FailedView, PendingView, UnprocessedEntryView
from catalog.api.validation import ValidateEntityView

_NAMED = "<str:kind>/<str:namespace>/<str:name>"

urlpatterns = [
    path("entities", EntitiesView.as_view()),
    path("entities/by-query", EntitiesByQueryView.as_view()),
    path("entities/by-refs", EntitiesByRefsView.as_view()),
    path("entities/by-uid/<str:uid>", EntityByUidView.as_view()),
    path(f"entities/by-name/{_NAMED}", EntityByNameView.as_view()),
    path(f"entities/by-name/{_NAMED}/ancestry", EntityAncestryView.as_view()),
    path("entities/unprocessed/failed", FailedView.as_view()),
    path("entities/unprocessed/pending", PendingView.as_view()),
    path("entities/unprocessed/delete/<str:entity_id>", UnprocessedEntryView.as_view()),
    path("entity-facets", EntityFacetsView.as_view()),
    path("locations", LocationsView.as_view()),
    path("locations/by-query", LocationsByQueryView.as_view()),
    path(f"locations/by-entity/{_NAMED}", LocationByEntityView.as_view()),
    path("locations/<str:location_id>", LocationView.as_view()),
    path("refresh", RefreshView.as_view()),
    path("analyze-location", AnalyzeLocationView.as_view()),
    path(".well-known/backstage/permissions/metadata", PermissionMetadataView.as_view()),
    path("openapi.json", DescriptionView.as_view()),
    path("validate-entity", ValidateEntityView.as_view()),
]
