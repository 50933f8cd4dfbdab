"""The scaffolder's routes, mounted at `/api/scaffolder/`."""

from django.urls import path

from scaffolder.api.authoring import AutocompleteView, TemplatingExtensionsView
from scaffolder.api.dry_runs import DryRunView
from scaffolder.api.tasks import CancelView, EventStreamView, EventsView, RetryView, TasksView, TaskView
from scaffolder.api.templates import ActionsView, ParameterSchemaView, PermissionMetadataView

urlpatterns = [
    path(
        "v2/templates/<str:namespace>/<str:kind>/<str:name>/parameter-schema", ParameterSchemaView.as_view()
    ),
    path(".well-known/backstage/permissions/metadata", PermissionMetadataView.as_view()),
    path("v2/actions", ActionsView.as_view()),
    path("v2/dry-run", DryRunView.as_view()),
    path("v2/templating-extensions", TemplatingExtensionsView.as_view()),
    path("v2/autocomplete/<str:provider>/<str:resource>", AutocompleteView.as_view()),
    path("v2/tasks", TasksView.as_view()),
    path("v2/tasks/<str:task_id>", TaskView.as_view()),
    path("v2/tasks/<str:task_id>/cancel", CancelView.as_view()),
    path("v2/tasks/<str:task_id>/retry", RetryView.as_view()),
    path("v2/tasks/<str:task_id>/events", EventsView.as_view()),
    path("v2/tasks/<str:task_id>/eventstream", EventStreamView.as_view()),
]
