"""The scaffolder's own routes, mounted at `/api/v1/scaffolder/`."""

from django.urls import path

from scaffolder.api.v1.approvals import ApprovalsView, ApproveView, PlanView, RejectView
from scaffolder.api.v1.templates import TemplateInstancesView, TemplatesView, TemplateView

NAMED = "<str:namespace>/<str:name>"

urlpatterns = [
    path("templates", TemplatesView.as_view()),
    path(f"templates/{NAMED}", TemplateView.as_view()),
    path(f"templates/{NAMED}/instances", TemplateInstancesView.as_view()),
    path("approvals", ApprovalsView.as_view()),
    path("runs/<str:run_id>/plan", PlanView.as_view()),
    path("runs/<str:run_id>/approve", ApproveView.as_view()),
    path("runs/<str:run_id>/reject", RejectView.as_view()),
]
