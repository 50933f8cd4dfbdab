"""One entity: by name, by uid, where it came from; have it read again, delete it."""

from typing import Any

from django.http import HttpResponse

from catalog import actions
from catalog.api import described
from catalog.api.bodies import REFRESH, checked
from catalog.models import Entity
from catalog.paging import final_by_ref
from catalog.permissions import READ
from catalog.refs import EntityRef
from catalog.visibility import visible_to
from core.api.responses import empty, json_text
from core.api.views import ApiView
from core.errors import NotAllowed, NotFound


class EntityByNameView(ApiView):
    """`GET /entities/by-name/:kind/:namespace/:name`, letter case aside."""

    permission = "catalog.entity.read"
    described = described.BY_NAME

    def get(self, _request: Any, kind: str, namespace: str, name: str) -> HttpResponse:
        ref = str(EntityRef(kind, namespace, name))
        final = final_by_ref(visible_to(self.subject), ref)
        if final is None:
            raise NotFound(f"No entity named '{name}' found, with kind '{kind}' in namespace '{namespace}'")
        return json_text(final)


class EntityByUidView(ApiView):
    """`/entities/by-uid/:uid`. Deleting what is not there is no error."""

    permission = {"get": "catalog.entity.read", "delete": "catalog.entity.delete"}
    described = described.BY_UID

    def get(self, _request: Any, uid: str) -> HttpResponse:
        entity = Entity.objects.visible_to(self.subject).by_uid(uid)
        if entity is None:
            raise NotFound(f"No entity with uid {uid}")
        return json_text(entity.final)

    def delete(self, _request: Any, uid: str) -> HttpResponse:
        actions.delete_entity(uid, by=self.subject)
        return empty(204)


class EntityAncestryView(ApiView):
    """`GET /entities/by-name/…/ancestry`: the entity, then the Location entities that led to it."""

    permission = "catalog.entity.read"
    described = described.ANCESTRY

    def get(self, _request: Any, kind: str, namespace: str, name: str) -> HttpResponse:
        ref = str(EntityRef(kind, namespace, name))
        chain = Entity.objects.visible_to(self.subject).ancestry(ref)
        if not chain and self.subject.is_limited(READ):
            raise NotAllowed(f"{self.subject.ref} may not read {ref}, or there is no such entity")
        if not chain:
            raise NotFound(f"No such entity {ref}")
        known = {entity.ref for entity in chain}
        items = [
            f'{{"entity":{entity.final},"parentEntityRefs":{_parents(entity, known)}}}' for entity in chain
        ]
        return json_text(f'{{"rootEntityRef":"{ref}","items":[{",".join(items)}]}}')


def _parents(entity: Entity, known: set[str]) -> str:
    return f'["{entity.parent_ref}"]' if entity.parent_ref in known else "[]"


class RefreshView(ApiView):
    """`POST /refresh`: 200 and an empty body; the reading itself happens right after."""

    permission = "catalog.entity.refresh"
    described = described.REFRESH

    def post(self, _request: Any) -> HttpResponse:
        body = checked(self.document(required=("entityRef",)), REFRESH)
        actions.refresh_entity(body["entityRef"], by=self.subject)
        return empty(200)
