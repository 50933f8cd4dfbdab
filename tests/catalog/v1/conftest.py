"""A small catalog with something of everything: systems, nested teams, a circle, a target that is not there."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from catalog.actions import ingest_now, register
from core.api.subjects import System
from identity.actions import create_token
from tests.catalog.conftest import FileServer
from tests.catalog.documents import component, group, several, user
from tests.conftest import Api

TESTS = System("system:tests")


def described(kind: str, name: str, **spec: object) -> str:
    """An entity of any kind as YAML; members of the spec as JSON-like values."""
    members = "".join(f"\n  {key}: {value}" for key, value in spec.items()) or " {}"
    versions = {"Template": "scaffolder.backstage.io/v1beta3", "Gizmo": "example.com/v1"}
    version = versions.get(kind, "backstage.io/v1alpha1")
    return f"apiVersion: {version}\nkind: {kind}\nmetadata:\n  name: {name}\nspec:{members}\n"


SHOP = [
    described("Domain", "sales", owner="dept"),
    described("System", "shop", owner="team", domain="sales"),
    described("API", "orders-api", type="openapi", lifecycle="production", owner="team", definition="x"),
    described("Resource", "db", type="database", owner="team", system="shop"),
    component("orders", "team", system="shop", providesApis="[orders-api]", dependsOn="['resource:db']"),
    component("checkout", "other", consumesApis="[orders-api]", dependsOn="['component:payments']"),
    component("payments", "other", dependsOn="['component:checkout', 'resource:vanished']"),
    component("report", "ghosts", dependsOn="['component:checkout']"),
    group("company"),
    group("dept", parent="company"),
    group("team", parent="dept", members="[bo]"),
    group("other", parent="company"),
    user("ana", "[team]"),
    user("bo"),
]


@pytest.fixture
def read(db: None, web: FileServer) -> Callable[..., None]:
    """Have documents ingested: `read(component("a"), group("b"))`."""

    def run(*documents: str) -> None:
        ingest_now(register("url", web.put("catalog.yaml", several(*documents)), by=TESTS))

    return run


@pytest.fixture
def shop(read: Callable[..., None]) -> None:
    """A shop: a domain with a system, two components in a circle, teams below a department."""
    read(*SHOP)


GIZMO = """
name: Gizmo
apiVersions: [example.com/v1]
spec:
  type: object
  properties: {owner: {type: string}, system: {type: string}, feeds: {type: string}, fedBy: {type: string}}
relations:
  - {field: owner, forward: ownedBy, reverse: ownerOf, kind: Group}
  - {field: system, forward: partOf, reverse: hasPart, kind: System}
  - {field: feeds, forward: feeds, reverse: fedBy, kind: Gizmo}
  - {field: fedBy, forward: fedBy, reverse: feeds, kind: Gizmo}
"""


@pytest.fixture
def gizmo(settings: Settings, tmp_path: Path) -> None:
    """A kind whose entities may have no owner, and are parts of a system; the built-in ones must name one."""
    place = tmp_path / "gizmo.yaml"
    place.write_text(GIZMO)
    settings.GREENROOM_CATALOG_KINDS = str(place)


@pytest.fixture
def blind_to(db: None) -> Callable[..., Api]:
    """An Api for a token that may read everything but entities of these names."""

    def make(*names: str) -> Api:
        rules = [{"rule": "HAS_METADATA", "params": {"key": "name", "value": name}} for name in names]
        conditions = {"catalog.entity.read": {"not": {"anyOf": rules}}}
        name = f"blind to {' '.join(names)}"
        return Api(create_token(name=name, role="viewer", by=TESTS, conditions=conditions)[1])

    return make
