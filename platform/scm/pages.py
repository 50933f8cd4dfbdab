"""A repository for eyes and scripts: its facts, its folders, its files as plain text."""

from collections.abc import Mapping
from typing import ClassVar

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase

from core.errors import NotFound
from scm import storage
from scm.bare import BareRepository
from scm.doors import PLAIN, GitView, repository_name
from scm.local import LocalHost
from scm.names import checked_path
from scm.querysets import repository_named
from scm.smart_http import READ

SNIFFED = 8000
"""How far git itself looks for a NUL to tell binary from text."""


class RepositoryPage(GitView):
    """GET /git/<owner>/<repository>: what it is, its branches, its open pull requests."""

    permission: ClassVar = {"get": READ}

    def get(self, request: HttpRequest, owner: str, repository: str) -> HttpResponse:
        host, name = LocalHost(), repository_name(owner, repository)
        found = host.get_repository(name)
        pulls = [
            {
                "number": pull.number,
                "title": pull.title,
                "source": pull.source_branch,
                "target": pull.target_branch,
                "head": pull.head_sha,
            }
            for pull in host.open_pull_requests(name)
        ]
        return JsonResponse(
            {
                "name": str(found.name),
                "description": found.description,
                "defaultBranch": found.default_branch,
                "private": found.private,
                "cloneUrl": found.clone_url,
                "branches": {branch.name: branch.sha for branch in host.branches(name)},
                "pullRequests": pulls,
            }
        )


class Contents(GitView):
    """GET …/blob/<ref>/<path> or …/tree/…: a file's bytes, or a folder's list. Both words take both."""

    permission: ClassVar = {"get": READ}

    def get(self, request: HttpRequest, owner: str, repository: str, place: str) -> HttpResponseBase:
        bare = storage.bare(repository_named(repository_name(owner, repository)).full_name)
        ref, path = ref_and_path(bare.refs(), place)
        checked_path("path", path, empty=True)
        commit = bare.commit_at(ref)
        kind = bare.kind_at(commit, path) if path else "tree"
        if kind == "missing":
            raise NotFound(f"path {path!r} is not there at {ref!r}")
        if kind == "tree":
            return JsonResponse(
                {"ref": ref, "commit": commit, "path": path, "entries": _listed(bare, commit, path)}
            )
        return _file(bare.read_file(commit, path))


def ref_and_path(refs: Mapping[str, str], place: str) -> tuple[str, str]:
    """ "feature/x/docs/a.md" → ("feature/x", "docs/a.md"): the branch or tag that the text begins with."""
    parts = place.strip("/").split("/")
    for count in range(1, len(parts) + 1):
        ref = "/".join(parts[:count])
        if f"refs/heads/{ref}" in refs or f"refs/tags/{ref}" in refs:
            return ref, "/".join(parts[count:])
    return parts[0], "/".join(parts[1:])


def _listed(bare: BareRepository, commit: str, path: str) -> list[str]:
    entries = bare.entries(commit, path, deep=False)
    return [f"{entry.path}/" if entry.mode == "040000" else entry.path for entry in entries]


def _file(content: bytes) -> HttpResponse:
    binary = b"\0" in content[:SNIFFED]
    response = HttpResponse(content, content_type="application/octet-stream" if binary else PLAIN)
    if binary:
        response["Content-Disposition"] = "attachment"
    # A file of somebody's repository is never run as a page of ours.
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
