"""The addresses of the local code host, below `/git/`, and of webhooks."""

from django.urls import URLPattern, path

from scm.doors import Authenticate, GitView
from scm.pages import Contents, RepositoryPage
from scm.smart_http import InfoRefs, ReceivePack, UploadPack
from scm.webhooks.door import WebhookDoor

_VIEWS: tuple[tuple[str, type[GitView], str], ...] = (
    ("<str:owner>/<str:repository>/info/refs", InfoRefs, "git-info-refs"),
    ("<str:owner>/<str:repository>/git-upload-pack", UploadPack, "git-upload-pack"),
    ("<str:owner>/<str:repository>/git-receive-pack", ReceivePack, "git-receive-pack"),
    ("<str:owner>/<str:repository>/blob/<path:place>", Contents, "git-blob"),
    ("<str:owner>/<str:repository>/tree/<path:place>", Contents, "git-tree"),
    ("<str:owner>/<str:repository>", RepositoryPage, "git-repository"),
)


def routes(authenticate: Authenticate) -> list[URLPattern]:
    """All routes. Tokens belong to an app further left, so whoever mounts these says how to read one."""
    return [path(route, view.as_view(authenticate=authenticate), name=name) for route, view, name in _VIEWS]


webhook_routes = [path("webhooks/<str:host>", WebhookDoor.as_view(), name="scm-webhook")]
"""Below `/api/scm/`."""
