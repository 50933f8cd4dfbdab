"""`POST v2/dry-run`: try a template out that is nowhere yet, with the files beside it in the request."""

import shutil
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.http import HttpResponse

from core.api.responses import json_data
from core.api.views import ApiView
from core.errors import InputError, NotAllowed, RateLimited
from scaffolder import workspace
from scaffolder.actions import user_of
from scaffolder.api.tasks import secrets_of
from scaffolder.dry_run import dry_run
from scaffolder.rendering.landing import remove
from scaffolder.template import check_secrets, check_template_shape, check_values, frozen_spec
from scaffolder.uploads import packed, unpack

SEATS = 2
"""Dry runs at once in one process; each holds a thread of the web server for a minute at the most."""
REF = "template:default/dry-run"
CREATE = "scaffolder.task.create"
_seats = threading.BoundedSemaphore(SEATS)


class DryRunView(ApiView):
    """It is not queued: it is done in the web server's own thread, within bounds of number, time and size."""

    permission = "scaffolder.template.dry-run"

    def post(self, _request: Any) -> HttpResponse:
        if not self.subject.may(CREATE):
            raise NotAllowed(f"{self.subject.ref} lacks the permission {CREATE}, which a dry run needs too")
        body = self.document(required=("template", "values", "directoryContents"))
        for name in ("template", "values"):
            if not isinstance(body[name], dict):
                raise InputError(f"request/body/{name} must be object")
        template, secrets = body["template"], secrets_of(body)
        check_template_shape(template)
        check_values(template, body["values"])
        check_secrets(template, secrets)
        spec = frozen_spec(template, ref=REF, values=body["values"], user=user_of(self.subject))
        return json_data(self._tried(spec, secrets, body["directoryContents"]))

    def _tried(self, spec: dict[str, Any], secrets: Mapping[str, Any], contents: Any) -> dict[str, Any]:
        with _seat():
            folder = workspace.folder_of(f"{workspace.DRY_RUN}-{uuid.uuid4()}")
            files = folder.with_name(f".{folder.name}.template")
            try:
                files.mkdir(parents=True)
                unpack(contents, files)
                if not connection.in_atomic_block:  # a test's transaction goes on
                    connection.close()  # nobody else has to wait for it while this renders
                found = dry_run(spec, secrets=secrets, subject=self.subject, files=files, into=folder)
                if found.failure is not None:
                    raise found.failure
                return {
                    "log": [{"body": line} for line in found.log],
                    "directoryContents": packed(folder),
                    "output": found.output,
                    "steps": spec["steps"],
                }
            finally:
                shutil.rmtree(files, ignore_errors=True)
                remove(folder)


@contextmanager
def _seat() -> Iterator[None]:
    if not _seats.acquire(blocking=False):
        raise RateLimited(f"{SEATS} dry runs are under way in this process; try again", retry_after=2)
    try:
        yield
    finally:
        _seats.release()
