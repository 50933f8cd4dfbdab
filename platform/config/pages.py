"""Addresses of pages that outlive what answers them: an entity's, as Backstage's web app has it."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse


def entity_page(_request: HttpRequest, namespace: str, kind: str, name: str) -> HttpResponseRedirect:
    """`/catalog/:namespace/:kind/:name`: today the entity in the admin, which asks who you are."""
    asked = urlencode({"q": f"{kind}:{namespace}/{name}".lower()})
    return HttpResponseRedirect(f"{reverse('admin:catalog_entity_changelist')}?{asked}")
