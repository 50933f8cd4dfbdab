"""The servers of the test run: DATABASE_URL and REDIS_URL when given, else the embedded ones, started once.

pytest-xdist's workers inherit the addresses; each has a database of its own.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from core.embedded import running

_stack = ExitStack()


@pytest.hookimpl(wrapper=True, tryfirst=True)  # before pytest-django reads the settings
def pytest_load_initial_conftests() -> Iterator[None]:
    try:
        if "PYTEST_XDIST_WORKER" not in os.environ:
            _start()
        return (yield)
    except BaseException:
        _stack.close()  # settings that do not load must not leave servers behind
        raise


def _start() -> None:
    # short: the sockets of the embedded servers lie below it
    data = Path(tempfile.mkdtemp(prefix="greenroom-tests-"))
    data.chmod(0o711)
    _stack.callback(shutil.rmtree, data, ignore_errors=True)
    os.environ["GREENROOM_DATA"] = str(data)
    for name in ("GREENROOM_PORT", "GREENROOM_BASE_URL", "GREENROOM_URL", "GREENROOM_TOKEN"):
        os.environ.pop(name, None)
    given = {name for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
    if given != {"DATABASE_URL", "REDIS_URL"}:
        servers = _stack.enter_context(
            running(
                data,
                durable=False,
                with_postgres="DATABASE_URL" not in given,
                with_redis="REDIS_URL" not in given,
            )
        )
        os.environ.setdefault("DATABASE_URL", servers.postgres_url)
        os.environ.setdefault("REDIS_URL", servers.redis_url)


def pytest_unconfigure() -> None:
    _stack.close()
