"""GitHub's webhooks of a repository."""

from collections.abc import Sequence
from typing import Any

from core.errors import NotFound
from scm.errors import Unacceptable
from scm.github.paths import of
from scm.github.repositories import Repositories
from scm.values import Hook, RepositoryName


class Hooks(Repositories):
    """Who is told of what happens in a repository."""

    def hooks(self, name: RepositoryName) -> list[Hook]:
        try:
            listed = list(self.access.pages(name.owner, of(name, "hooks")))
        except NotFound as error:
            raise self._hidden(name) from error
        return [_hook(one) for one in listed]

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
        config = {"url": url, "content_type": content_type, "insecure_ssl": "1" if insecure else "0"}
        config |= {"secret": secret} if secret else {}
        wanted: dict[str, Any] = {"active": active, "events": list(events), "config": config}
        known = self._known(name, url)
        if known is None:
            try:
                made = self.access.post(name.owner, of(name, "hooks"), {"name": "web", **wanted})
            except NotFound as error:
                raise self._hidden(name) from error
            except Unacceptable:
                known = self._known(name, url)  # somebody was quicker, or our own lost request was
                if known is None:
                    raise
            else:
                return _hook(made.data)
        return _hook(self.access.patch(name.owner, of(name, "hooks", known.id), wanted).data)

    def remove_hook(self, name: RepositoryName, hook_id: str) -> None:
        try:
            self.access.delete(name.owner, of(name, "hooks", hook_id))
        except NotFound:
            self.get_repository(name)  # the hook is gone, unless the repository is hidden from us

    def _known(self, name: RepositoryName, url: str) -> Hook | None:
        return next((one for one in self.hooks(name) if one.url == url), None)

    def _hidden(self, name: RepositoryName) -> NotFound:
        return self._missing(
            name, f"webhooks of '{name}' are not shown to {self.access.whose}: give it the right"
        )


def _hook(data: dict[str, Any]) -> Hook:
    return Hook(
        id=str(data["id"]),
        url=str(data["config"].get("url", "")),
        events=tuple(data.get("events") or ()),
        active=bool(data.get("active", True)),
    )
