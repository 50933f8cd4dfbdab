"""One emulate for each process of the run; the hosts of the writing contract, and a folder of files for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scm.budget import forget_budgets
from tests.contracts.worlds import Emulate, running_emulate
from tests.contracts.writing import WRITING, WritingWorld


@pytest.fixture(scope="session")
def emulate_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Emulate]:
    with running_emulate(request.config, tmp_path_factory.mktemp("emulate")) as server:
        yield server


@pytest.fixture(params=WRITING, ids=lambda make: make.__name__)
def writing(request: pytest.FixtureRequest) -> Iterator[WritingWorld]:
    """A host, and a repository's name that is free there."""
    forget_budgets()
    with request.param(request) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files, one of them a program."""
    made = tmp_path / "files"
    (made / "src").mkdir(parents=True)
    (made / "README.md").write_text("# Payments\n")
    (made / "src" / "run.sh").write_text("#!/bin/sh\n")
    (made / "src" / "run.sh").chmod(0o755)
    return made
