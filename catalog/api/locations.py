"""Locations on the wire: register, try out, list, look up, move, remove."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse

from catalog import actions
from catalog.api import described
from catalog.api.bodies import LOCATION, LOCATIONS_QUERY, checked
from catalog.location_query import LocationCursor, locations_by_query
from catalog.models import Entity, Location
from catalog.refs import EntityRef, LocationRef
from core.api.params import Choice, Text
from core.api.responses import empty, json_data
from core.api.views import ApiView
from core.errors import InputError, NotFound

_YES = {"true", "yes", "y", "1", "on"}
"""What counts as yes in `dryRun`; any other word registers for real, as with Backstage."""


def location_document(location: Location) -> dict[str, Any]:
    """A location as the API shows it."""
    return {
        "id": str(location.pk),
        "type": location.type,
        "target": location.target,
        "entityRef": location.entity_ref,
    }


class LocationsView(ApiView):
    """`GET` and `POST /locations`. `dryRun=true` reads and answers what it found; nothing is stored."""

    permission = {"get": "catalog.location.read", "post": "catalog.location.create"}
    described = described.LOCATIONS
    query = {"get": {}, "post": {"dryRun": Text(), "onConflict": Choice(("refresh", "reject"))}}

    def get(self, _request: Any) -> HttpResponse:
        locations = Location.objects.filter(origin=Location.Origin.API)
        return json_data([{"data": location_document(location)} for location in locations])

    def post(self, _request: Any) -> HttpResponse:
        wanted = _asked(checked(self.document(), LOCATION))
        if (self.params["dryRun"] or "").lower() in _YES:
            return self.dry_run(wanted)
        when_there = self.params["onConflict"] or settings.GREENROOM_CATALOG_LOCATION_CONFLICT
        add = actions.register_or_refresh if when_there == "refresh" else actions.register
        location = add(wanted.type, wanted.target, by=self.subject)
        return json_data({"location": location_document(location), "entities": []}, 201)

    def dry_run(self, wanted: LocationRef) -> HttpResponse:
        ref, harvest = actions.dry_run(wanted.type, wanted.target)
        exists = Location.objects.filter(type=ref.type, target=ref.target).exists()
        shown = {"id": str(ref), "type": ref.type, "target": ref.target, "entityRef": ref.entity_ref}
        entities = [found.entity for found in harvest.found]
        return json_data({"exists": exists, "location": shown, "entities": entities}, 201)


class LocationView(ApiView):
    """`/locations/:id`."""

    permission = {
        "get": "catalog.location.read",
        "put": "catalog.location.create",
        "delete": "catalog.location.delete",
    }
    described = described.LOCATION

    def get(self, _request: Any, location_id: str) -> HttpResponse:
        return json_data(location_document(Location.objects.by_id(location_id)))

    def put(self, _request: Any, location_id: str) -> HttpResponse:
        wanted = _asked(checked(self.document(), LOCATION))
        location = Location.objects.by_id(location_id)
        return json_data(
            location_document(actions.retarget(location, wanted.type, wanted.target, by=self.subject))
        )

    def delete(self, _request: Any, location_id: str) -> HttpResponse:
        actions.unregister(Location.objects.by_id(location_id), by=self.subject)
        return empty(204)


class LocationByEntityView(ApiView):
    """`GET /locations/by-entity/…`: the registered location that an entity comes from."""

    permission = "catalog.location.read"
    described = described.LOCATION_BY_ENTITY

    def get(self, _request: Any, kind: str, namespace: str, name: str) -> HttpResponse:
        ref = str(EntityRef(kind, namespace, name))
        entity = Entity.objects.visible_to(self.subject).filter(ref=ref).first()
        if entity is None:
            raise NotFound(f"found no entity for ref {ref}")
        return json_data(location_document(Location.objects.of_entity(entity)))


class LocationsByQueryView(ApiView):
    """`POST /locations/by-query`: pages in order of id, by a predicate over id, type, target and entityRef."""

    permission = "catalog.location.read"
    described = described.LOCATIONS_BY_QUERY

    def post(self, _request: Any) -> HttpResponse:
        body = checked(self.document(), LOCATIONS_QUERY)
        limit, query, cursor = body.get("limit"), body.get("query"), body.get("cursor")
        page = locations_by_query(LocationCursor.parse(limit=limit, query=query, cursor=cursor))
        info = {} if page.next is None else {"nextCursor": page.next}
        items = [location_document(location) for location in page.locations]
        return json_data({"items": items, "totalItems": page.total, "pageInfo": info})


def _asked(body: dict[str, Any]) -> LocationRef:
    only_location_members(body)
    return LocationRef(body["type"], body["target"])


def only_location_members(body: dict[str, Any]) -> None:
    """Refuse any other member of a location, with the text that Backstage's strict parser gives."""
    others = [name for name in body if name not in {"type", "target", "presence"}]
    if others:
        listed = ", ".join(f"'{name}'" for name in others)
        keys = ",\n".join(f'      "{name}"' for name in others)
        raise InputError(
            f'Malformed request: [\n  {{\n    "code": "unrecognized_keys",\n    "keys": [\n{keys}\n    ],\n'
            f'    "path": [],\n    "message": "Unrecognized key(s) in object: {listed}"\n  }}\n]'
        )
