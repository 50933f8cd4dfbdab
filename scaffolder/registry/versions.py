"""Versions of templates: recorded when one is used, numbered from 1, never changed; the newest is what a template is."""

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Q

from scaffolder.models import TemplateVersion
from scaffolder.registry.contents import files_of
from scaffolder.registry.pins import Pin, pin

_LOCK = 0x67726E76
"""The first half of the advisory locks under which numbers are given out."""


def record(entity: Mapping[str, Any], ref: str) -> TemplateVersion:
    """The version that a template is now: the newest row when it has that content, or a new one.

    The code host is asked for the commit; when it is a new one the template's folder is read, so that commits which
    change other things make no version. The calls are bounded by their limits, and a host that is away gives a version
    that says that its files are not fixed.
    """
    fixed = pin(entity)
    document = {"apiVersion": entity["apiVersion"], "metadata": entity["metadata"], "spec": entity["spec"]}
    stated = _stated(document, fixed)
    rows = TemplateVersion.objects.filter(template_ref=ref).defer("document")
    latest = list(rows.exclude(commit="").order_by("-number")[:2]) if fixed.commit else []
    if latest and (latest[0].stated, latest[0].seen_commit) == (stated, fixed.commit):
        return latest[0]
    digest = hashlib.sha256(f"{stated} {files_of(entity, fixed)}".encode()).hexdigest()
    found = rows.filter(digest=digest).first()
    if (
        found is not None and latest and found != latest[0]
    ):  # again what it was: that is newer than what was between
        known = len(latest) == 2 and latest[0].digest == _again(digest, latest[1])
        digest = _again(digest, latest[1] if known else latest[0])
        found = rows.filter(digest=digest).first()
    if found is None:
        return _add(ref, digest, stated, document, fixed)
    TemplateVersion.objects.filter(pk=found.pk).update(seen_commit=fixed.commit)
    return found


def _again(digest: str, before: TemplateVersion) -> str:
    """The digest of a content that came back after another version."""
    return hashlib.sha256(f"{digest} after {before.number}".encode()).hexdigest()


@transaction.atomic
def _add(ref: str, digest: str, stated: str, document: dict[str, Any], fixed: Pin) -> TemplateVersion:
    with (
        connection.cursor() as cursor
    ):  # numbers have no gaps and no twins, whoever starts at the same moment
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK, ref])
    rows = TemplateVersion.objects.filter(template_ref=ref)
    found = rows.filter(digest=digest).first()
    if found is not None:
        return found
    return TemplateVersion.objects.create(
        template_ref=ref,
        number=(rows.aggregate(last=Max("number"))["last"] or 0) + 1,
        digest=digest,
        stated=stated,
        commit=fixed.commit,
        seen_commit=fixed.commit,
        unpinned="" if fixed.commit else fixed.reason,
        source=fixed.source,
        document=document,
    )


def newest(refs: Collection[str]) -> dict[str, int]:
    """The highest number of each template; versions whose files are not fixed count when there are no others."""
    rows = TemplateVersion.objects.filter(template_ref__in=refs).values_list("template_ref")
    found = rows.annotate(fixed=Max("number", filter=~Q(commit="")), any=Max("number")).order_by()
    return {ref: fixed or last for ref, fixed, last in found}


def _stated(document: Mapping[str, Any], fixed: Pin) -> str:
    metadata = {key: value for key, value in document["metadata"].items() if key not in {"uid", "etag"}}
    said = json.dumps([{**document, "metadata": metadata}, fixed.source], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()
