"""One emulate for the whole run."""

from collections.abc import Iterator

import pytest

from tests.contracts.worlds import Emulate, running_emulate


@pytest.fixture(scope="session")
def emulate_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Emulate]:
    with running_emulate(request.config, tmp_path_factory.mktemp("emulate")) as server:
        yield server
