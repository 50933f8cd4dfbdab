"""The scaffolder's own routes, mounted at `/api/v1/scaffolder/`."""

from django.urls import path

from scaffolder.api.v1.templates import TemplateInstancesView, TemplatesView, TemplateView
from scaffolder.api.v1.upgrades import EntityInstancesView, InstanceUpgradeView, InstanceView

NAMED = "<str:namespace>/<str:name>"

urlpatterns = [
    path("templates", TemplatesView.as_view()),
    path(f"templates/{NAMED}", TemplateView.as_view()),
    path(f"templates/{NAMED}/instances", TemplateInstancesView.as_view()),
    path("instances", EntityInstancesView.as_view()),
    path("instances/<int:instance_id>", InstanceView.as_view()),
    path("instances/<int:instance_id>/upgrade", InstanceUpgradeView.as_view()),
]
