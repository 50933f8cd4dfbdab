"""Mounts each app's API and the doors beside it."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from identity.tokens import authenticate
from scm.urls import routes as git_routes
from scm.urls import webhook_routes

from . import health
from .openapi import openapi
from .pages import entity_page

admin.site.site_header = admin.site.site_title = "Greenroom"
admin.site.index_title = "Platform"

handler404 = "core.api.views.unknown_path"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("healthz", health.live),
    path("readyz", health.ready),
    path("admin/", admin.site.urls),
    path("api/catalog/", include("catalog.api.urls")),
    path("api/search/", include("catalog.api.search")),
    path("api/scaffolder/", include("scaffolder.api.urls")),
    path("api/notifications/", include("scaffolder.api.notifications")),
    path("api/v1/openapi.json", openapi),
    path("api/v1/catalog/", include("catalog.api.v1.urls")),
    path("api/v1/scaffolder/", include("scaffolder.api.v1.urls")),
    path("catalog/<str:namespace>/<str:kind>/<str:name>", entity_page),
    path("api/scm/", include(webhook_routes)),
    path("git/", include(git_routes(authenticate))),
]
