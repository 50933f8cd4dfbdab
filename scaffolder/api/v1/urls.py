"""The scaffolder's own routes, mounted at `/api/v1/scaffolder/`."""

from django.urls import path

from scaffolder.api.v1.approvals import ApprovalsView, ApproveView, PlanView, RejectView
from scaffolder.api.v1.artifacts import ArtifactsView, ArtifactView
from scaffolder.api.v1.campaigns import (
    CampaignCancelView,
    CampaignMembersView,
    CampaignPauseView,
    CampaignResumeView,
    CampaignsView,
    CampaignView,
)
from scaffolder.api.v1.runs import RollbackView, RunsView, RunView
from scaffolder.api.v1.templates import TemplateInstancesView, TemplatesView, TemplateView
from scaffolder.api.v1.upgrades import EntityInstancesView, InstanceUpgradeView, InstanceView

NAMED = "<str:namespace>/<str:name>"

urlpatterns = [
    path("templates", TemplatesView.as_view()),
    path(f"templates/{NAMED}", TemplateView.as_view()),
    path(f"templates/{NAMED}/instances", TemplateInstancesView.as_view()),
    path("approvals", ApprovalsView.as_view()),
    path("runs", RunsView.as_view()),
    path("runs/<str:run_id>", RunView.as_view()),
    path("runs/<str:run_id>/rollback", RollbackView.as_view()),
    path("runs/<str:run_id>/artifacts", ArtifactsView.as_view()),
    path("runs/<str:run_id>/artifacts/<str:name>", ArtifactView.as_view()),
    path("runs/<str:run_id>/plan", PlanView.as_view()),
    path("runs/<str:run_id>/approve", ApproveView.as_view()),
    path("runs/<str:run_id>/reject", RejectView.as_view()),
    path("instances", EntityInstancesView.as_view()),
    path("instances/<int:instance_id>", InstanceView.as_view()),
    path("instances/<int:instance_id>/upgrade", InstanceUpgradeView.as_view()),
    path("campaigns", CampaignsView.as_view()),
    path("campaigns/<int:campaign_id>", CampaignView.as_view()),
    path("campaigns/<int:campaign_id>/members", CampaignMembersView.as_view()),
    path("campaigns/<int:campaign_id>/pause", CampaignPauseView.as_view()),
    path("campaigns/<int:campaign_id>/resume", CampaignResumeView.as_view()),
    path("campaigns/<int:campaign_id>/cancel", CampaignCancelView.as_view()),
]
