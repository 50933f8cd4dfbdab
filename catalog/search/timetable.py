"""Which entities have documentation, and when it is read next."""

from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from catalog.ingest.store import lock_catalog
from catalog.models import Location
from catalog.search.documentation import REF
from catalog.search.models import Documentation
from catalog.search_keys import key_term
from core.leases import free

MOST_AT_ONCE = 200
_HAS = "terms @> ARRAY[%s]::bigint[]"


def follow_entities() -> None:
    """Take up entities that name documentation now, drop those that no longer do, hurry where an entity changed."""
    term = [key_term(f"metadata.annotations.{REF}")]
    with transaction.atomic(), connection.cursor() as cursor:
        lock_catalog()
        cursor.execute(_TAKE_UP, term)
        cursor.execute(_DROP, term)
        cursor.execute(_HURRY)


def due() -> list[UUID]:
    """Documentation whose time has come and that nobody reads."""
    now = timezone.now()
    waiting = Documentation.objects.filter(free(now), next_read_at__lte=now).order_by("next_read_at")
    return list(waiting.values_list("pk", flat=True)[:MOST_AT_ONCE])


def hurry(location: Location) -> None:
    """Have the documentation of a location's entities read soon."""
    Documentation.objects.filter(entity__location=location).update(next_read_at=timezone.now())


_TAKE_UP = f"""
    INSERT INTO catalog_documentation (entity_id, etag, files, error, failures, next_read_at, attempts)
    SELECT uid, '', '{{}}', '', 0, now(), 0 FROM catalog_entity
    WHERE {_HAS} AND NOT EXISTS (SELECT 1 FROM catalog_documentation AS held WHERE held.entity_id = uid)
"""  # noqa: S608 - our own pieces
_DROP = f"""
    WITH gone AS (
        DELETE FROM catalog_documentation AS held USING catalog_entity
        WHERE uid = held.entity_id AND NOT {_HAS} RETURNING uid
    )
    DELETE FROM catalog_searchdocument AS page USING gone WHERE page.entity_id = gone.uid AND page.page <> ''
"""  # noqa: S608 - our own pieces
_HURRY = """
    UPDATE catalog_documentation AS held SET next_read_at = now() FROM catalog_entity
    WHERE uid = held.entity_id AND held.next_read_at > now() AND held.read_at < now() - interval '5 minutes'
    AND held.etag <> '' AND held.etag <> catalog_entity.etag
"""
