"""The examples of docs/history.md and docs/import-export.md run."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog.models import Entity
from config.cli import main
from identity.actions import create_token
from tests.catalog.transfer.conftest import EXAMPLES
from tests.catalog.transfer.test_transfer import empty
from tests.conftest import TESTS, Api

PAGES = EXAMPLES.parent / "docs"
TEXT = "".join((PAGES / page).read_text() for page in ("history.md", "import-export.md"))
ASKED = re.findall(r"^GET (\S+)$", TEXT, re.MULTILINE)
COMMANDS = [line.split() for line in re.findall(r"^\$ greenroom (.*)$", TEXT, re.MULTILINE)]


@pytest.mark.parametrize("path", ASKED)
def test_an_example_answers(acme: None, as_role: Callable[..., Api], path: str) -> None:
    answer = as_role("admin").get(path)
    assert answer.status_code == 200
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert b"driver-app" in content or b'"total' in content or b'"added"' in content


@pytest.mark.django_db(transaction=True)
def test_the_commands_do_what_stands_there(
    acme: None,
    live_server: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    _, secret = create_token(name="admin", role="admin", by=TESTS)
    monkeypatch.setenv("GREENROOM_URL", live_server.url)
    monkeypatch.setenv("GREENROOM_TOKEN", secret)
    monkeypatch.chdir(tmp_path)
    count, said = Entity.objects.count(), ""
    for words in COMMANDS:
        if "import" in words:
            empty()
        with pytest.raises(SystemExit) as ended:
            main(words)
        told = capsys.readouterr()
        assert not ended.value.code, told
        said += told.out + told.err
    assert re.search(r"1 +\S+Z +created +file:.+catalog-info.yaml", said)
    assert f"Imported {count} entities" in said


def test_the_pages_have_examples() -> None:
    assert (len(ASKED), len(COMMANDS)) == (6, 3)
