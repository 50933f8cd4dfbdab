"""The example organisation in the catalog."""

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from catalog.ingest.refresh import refresh
from catalog.models import Location

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


@pytest.fixture
def acme(db: None, settings: Settings) -> None:
    """Acme Parcels, from a configured file."""
    target = f"{EXAMPLES}/acme/catalog-info.yaml"
    settings.GREENROOM_CATALOG_LOCATIONS = [f"file:{target}"]
    place = Location.objects.create(
        type="file", target=target, entity_ref="location:default/acme", origin="config"
    )
    refresh(str(place.pk))
