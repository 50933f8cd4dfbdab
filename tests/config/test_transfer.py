"""`greenroom catalog export` and `import` against a running server."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog.actions import ingest_now, register
from catalog.models import Entity, Location, Relation
from config.cli import main
from identity.actions import create_token
from tests.catalog.conftest import FileServer, web
from tests.catalog.documents import component, group, several
from tests.conftest import TESTS

__all__ = ["web"]


@pytest.fixture
def greenroom(
    live_server: Any, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., tuple[int, bytes, str]]:
    """Run a command as an administrator: exit status, standard output, standard error."""
    _, secret = create_token(name="admin", role="admin", by=TESTS)
    monkeypatch.setenv("GREENROOM_URL", live_server.url)
    monkeypatch.setenv("GREENROOM_TOKEN", secret)

    def run(*words: str) -> tuple[int, bytes, str]:
        with pytest.raises(SystemExit) as ended:
            main(words)
        said = capsysbinary.readouterr()
        return int(ended.value.code or 0), said.out, said.err.decode()

    return run


@pytest.mark.django_db(transaction=True)
def test_a_catalog_moves_by_two_commands(
    greenroom: Callable[..., tuple[int, bytes, str]],
    web: FileServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ingest_now(register("url", web.put("a.yaml", several(component("web"), group("team-a"))), by=TESTS))
    finals = list(Entity.objects.order_by("ref").finals())
    for name in ("catalog.ndjson", "catalog.yaml"):
        file = tmp_path / name
        assert greenroom("catalog", "export", str(file), "--with-history")[0] == 0
        assert list(tmp_path.glob(".*")) == []
        status, _, said = greenroom("catalog", "import", str(file))
        assert status == 1
        assert "the catalog holds 3 entities: an import needs an empty one" in said
        for model in (Relation, Entity, Location):
            model.objects.all().delete()
        status, _, said = greenroom("catalog", "import", str(file))
        assert (status, said) == (0, "Imported 3 entities, 1 locations and 3 changes.\n")
        assert list(Entity.objects.order_by("ref").finals()) == finals
    status, piped, _ = greenroom("catalog", "export")
    assert (status, piped.count(b"\n")) == (0, 7)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(piped[:-9])))
    for model in (Relation, Entity, Location):
        model.objects.all().delete()
    status, _, said = greenroom("catalog", "import", "-")
    assert status == 1
    assert "line 7 ends too early: the file was cut off" in said
    assert not Entity.objects.exists()
    assert "name it .ndjson or .yaml" in greenroom("catalog", "export", str(tmp_path / "catalog.txt"))[2]
