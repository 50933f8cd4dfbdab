"""GitLab's webhooks of a project."""

from collections.abc import Sequence
from typing import Any

from core.errors import InputError, NotFound
from scm.gitlab.files import Files
from scm.gitlab.paths import of
from scm.values import Hook, RepositoryName

EVENTS = (
    "push_events",
    "tag_push_events",
    "issues_events",
    "confidential_issues_events",
    "merge_requests_events",
    "note_events",
    "confidential_note_events",
    "job_events",
    "pipeline_events",
    "wiki_page_events",
    "deployment_events",
    "releases_events",
)


class Hooks(Files):
    """Who is told of what happens in a project. GitLab has no hook that is switched off, and sends JSON only."""

    def hooks(self, name: RepositoryName) -> list[Hook]:
        try:
            return [_hook(one) for one in self.access.pages(of(name, "hooks"))]
        except NotFound as error:
            raise self._hidden(name) from error

    def add_hook(
        self,
        name: RepositoryName,
        url: str,
        *,
        events: Sequence[str],
        secret: str = "",
        active: bool = True,
        content_type: str = "json",
        insecure: bool = False,
    ) -> Hook:
        """`events` are GitLab's: "push_events", "merge_requests_events" …; InputError for others."""
        if not active:
            raise InputError("active: false is not possible on GitLab; add the webhook when it is wanted")
        wanted: dict[str, Any] = {"url": url, "enable_ssl_verification": not insecure}
        wanted |= {event: event in events for event in EVENTS}
        wanted |= {"token": secret} if secret else {}
        unknown = sorted(set(events) - set(EVENTS))
        if unknown or not events:
            raise InputError(f"events {', '.join(unknown) or '(none)'}: name some of {', '.join(EVENTS)}")
        known = next((one for one in self.hooks(name) if one.url == url), None)
        try:
            if known is not None:
                return _hook(self.access.put(of(name, "hooks", known.id), wanted))
            return _hook(self.access.post(of(name, "hooks"), wanted))
        except NotFound as error:
            raise self._hidden(name) from error

    def remove_hook(self, name: RepositoryName, hook_id: str) -> None:
        try:
            self.access.delete(of(name, "hooks", hook_id))
        except NotFound:
            self.get_repository(name)  # the hook is gone, unless the project is hidden from us

    def _hidden(self, name: RepositoryName) -> NotFound:
        return self._missing(
            name, f"webhooks of '{name}' are not shown to {self.access.whose}: give it the right"
        )


def _hook(data: dict[str, Any]) -> Hook:
    return Hook(
        id=str(data["id"]),
        url=str(data["url"]),
        events=tuple(event for event in EVENTS if data.get(event)),
    )
