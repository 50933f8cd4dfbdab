"""Ways from one of the scaffolder's pages to the next, and names said as shortly as they stay clear."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.admin.shown import entity_link

_UNDERSTOOD = ("template:default/", "component:default/", "user:default/", "group:default/")
"""What a column that holds templates, components or owners need not say on every line."""
NOTHING = SafeString("-")


def short(ref: str) -> str:
    """A reference without the kind and namespace that nearly all in its column have."""
    for prefix in _UNDERSTOOD:
        if ref.startswith(prefix):
            return ref.removeprefix(prefix)
    return ref


def page(model: str, key: Any, words: object) -> SafeString:
    """A way to one row's page."""
    return format_html('<a href="{}">{}</a>', reverse(f"admin:scaffolder_{model}_change", args=[key]), words)


def listed(model: str, words: object, **query: object) -> SafeString:
    """A way to the rows of a table that the query finds."""
    url = reverse(f"admin:scaffolder_{model}_changelist")
    return format_html('<a href="{}?{}">{}</a>', url, urlencode(query), words)


def outside(url: str, words: object) -> SafeString:
    """A way out, by http and https only: a template can put any text there."""
    if not url.startswith(("https://", "http://")):
        return format_html("{}", words)
    return format_html('<a href="{}" rel="noreferrer">{}</a>', url, words)


def entity(ref: str) -> SafeString:
    """A way to an entity of the catalog."""
    return entity_link(ref)


def template(ref: str) -> SafeString:
    """A way to a template, also when it is gone from the catalog."""
    return listed("templateentity", ref, q=ref)
