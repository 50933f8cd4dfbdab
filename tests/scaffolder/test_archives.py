"""publish:zip and roadiehq:utils:zip through whole runs, what is downloaded, and what no archive takes."""

import hashlib
import io
import os
import stat
import uuid
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.errors import GreenroomError, InputError, NotFound, TooLarge
from scaffolder.artifacts import actions as artifacts
from scaffolder.artifacts.models import PART, Artifact, Part
from scaffolder.artifacts.sweeps import remove_expired
from scaffolder.models import Effect, Run
from scaffolder.rollback.actions import roll_back
from scaffolder.rollback.models import Rollback
from scaffolder.rollback.runner import execute as take_back
from scaffolder.steps import zipping
from scaffolder.steps.zipping import Zipper
from scaffolder.tasks import execute_run
from tests.conftest import Api
from tests.scaffolder.conftest import BY, TASKS, Workshop
from tests.scaffolder.test_admin import signed_in, text_of

FILES = {"skeleton/a.txt": "a\n", "skeleton/docs/b.md": "b\n"}
FETCH = {"id": "fetch", "action": "fetch:plain", "input": {"url": "./skeleton"}}
ZIP = {"id": "zip", "action": "publish:zip", "input": {"name": "made.zip"}}
OUTPUT = {"zip": "${{ steps.zip.output }}"}


def made(
    workshop: Workshop, *steps: dict[str, Any], files: dict[str, str] = FILES
) -> tuple[str, dict[str, Any]]:
    """A run of these steps after the fetch: its id, and what the step `zip` gave out."""
    ref = workshop.offer(f"zip-{uuid.uuid4().hex[:8]}", [FETCH, *steps], files, output=OUTPUT)
    run_id = workshop.run(ref)
    return run_id, workshop.output(run_id)["zip"]


def refused(workshop: Workshop, *steps: dict[str, Any]) -> str:
    ref = workshop.offer(f"zip-{uuid.uuid4().hex[:8]}", [FETCH, *steps], FILES)
    return str(workshop.completion(workshop.run(ref))["error"]["message"])


def path_of(url: str, settings: Any) -> str:
    assert url.startswith(f"{settings.GREENROOM_BASE_URL}/api/v1/scaffolder/runs/")
    return url.removeprefix(settings.GREENROOM_BASE_URL)


def downloaded(api: Api, path: str) -> bytes:
    answer = api.get(path)
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def names(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return archive.namelist()


@pytest.mark.django_db
def test_an_archive_is_handed_out_as_a_file_and_as_nothing_else(
    workshop: Workshop, api: Api, settings: Any
) -> None:
    run_id, shown = made(workshop, ZIP)
    answer = api.get(path_of(shown["downloadUrl"], settings))
    content = b"".join(answer.streaming_content)
    assert names(content) == ["a.txt", "docs/b.md"]
    assert shown["size"] == len(content) == int(answer["Content-Length"])
    assert shown["sha256"] == hashlib.sha256(content).hexdigest()
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == 'attachment; filename="made.zip"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    (listed,) = api.get(f"/api/v1/scaffolder/runs/{run_id}/artifacts").json()["items"]
    assert (listed["name"], listed["sha256"], listed["stepId"]) == ("made.zip", shown["sha256"], "zip")


@pytest.mark.django_db
def test_a_browser_follows_the_address_to_the_file_and_who_may_not_see_the_run_gets_nothing(
    workshop: Workshop, settings: Any
) -> None:
    run_id, shown = made(workshop, ZIP)
    address, a_click = path_of(shown["downloadUrl"], settings), {"Accept": "text/html,*/*;q=0.8"}
    viewer = signed_in("vera", "view_run")
    door = viewer.get(address, headers=a_click)["Location"]
    assert door == f"/admin/scaffolder/run/{run_id}/artifacts/made.zip"
    answer = viewer.get(door)
    assert names(b"".join(answer.streaming_content)) == ["a.txt", "docs/b.md"]
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == 'attachment; filename="made.zip"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    assert viewer.get(door.replace("made", "other")).status_code == 404
    assert viewer.post(door).status_code == 405
    assert signed_in("nils").get(door).status_code == 404
    assert "/login/" in Client().get(door)["Location"]
    assert Client().get(address).status_code == 401  # a program without a token is told so
    wrong = {**a_click, "Authorization": "Bearer wrong"}
    assert Client().get(address, headers=wrong).status_code == 401


@pytest.mark.django_db
def test_a_runs_page_leads_to_its_files_until_their_days_are_over(workshop: Workshop) -> None:
    run_id, _ = made(workshop, ZIP)
    viewer = signed_in("vera", "view_run")
    page, door = (
        f"/admin/scaffolder/run/{run_id}/change/",
        f"/admin/scaffolder/run/{run_id}/artifacts/made.zip",
    )
    assert f'href="{door}"' in text_of(viewer, page)
    Artifact.objects.update(expires_at=timezone.now())
    assert door not in text_of(viewer, page)
    assert viewer.get(door).status_code == 404


@pytest.mark.django_db
def test_only_who_may_see_the_run_gets_its_archive(workshop: Workshop, anonymous: Api, settings: Any) -> None:
    from identity.actions import create_token

    _, shown = made(workshop, ZIP)
    path = path_of(shown["downloadUrl"], settings)
    assert anonymous.get(path).status_code == 401
    own = {"scaffolder.task.read": {"rule": "IS_TASK_OWNER", "params": {"createdBy": ["user:default/bo"]}}}
    _, secret = create_token(name="bo", role="viewer", acts_for="user:default/bo", conditions=own, by=BY)
    assert Api(secret).get(path).status_code == 404
    assert Api(secret).get(path.rpartition("/")[0]).status_code == 404
    _, secret = create_token(name="none", scopes=["catalog.entity.read"], by=BY)
    assert Api(secret).get(path).status_code == 403


@pytest.mark.django_db
def test_the_same_files_give_the_same_bytes(workshop: Workshop) -> None:
    _, first = made(workshop, ZIP)
    _, second = made(workshop, ZIP)
    assert first["downloadUrl"] != second["downloadUrl"]
    assert first["sha256"] == second["sha256"]


@pytest.mark.django_db
def test_an_archive_of_many_parts_comes_whole(
    workshop: Workshop, api: Api, settings: Any, django_assert_max_num_queries: Any
) -> None:
    big = "".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(80_000))  # hardly packs
    _, shown = made(workshop, ZIP, files={"skeleton/big.txt": big})
    assert shown["size"] > 2 * PART
    assert Part.objects.count() == -(-shown["size"] // PART)
    with django_assert_max_num_queries(3 + Part.objects.count()):
        content = downloaded(api, path_of(shown["downloadUrl"], settings))
    assert hashlib.sha256(content).hexdigest() == shown["sha256"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read("big.txt").decode() == big


@pytest.mark.django_db
def test_done_again_it_is_there_once(workshop: Workshop, api: Api) -> None:
    run_id, shown = made(workshop, ZIP)
    api.post(f"{TASKS}/{run_id}/retry", {})
    execute_run(run_id)
    assert workshop.task(run_id)["status"] == "completed"
    assert Artifact.objects.get().digest == shown["sha256"]
    Artifact.objects.update(expires_at=timezone.now())
    remove_expired()
    api.post(f"{TASKS}/{run_id}/retry", {})
    execute_run(run_id)
    assert Artifact.objects.get().digest == shown["sha256"]


@pytest.mark.django_db
def test_a_worker_that_dies_leaves_no_half_archive(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scaffolder.journal import Journal

    whole, deaths = Journal.prove, []

    def dying(self: Journal, kind: str, key: str, **details: Any) -> None:
        if not deaths:
            deaths.append(key)
            raise KeyboardInterrupt
        whole(self, kind, key, **details)

    monkeypatch.setattr(Journal, "prove", dying)
    run_id = workshop.start(workshop.offer("dies", [FETCH, ZIP], FILES, output=OUTPUT))
    with pytest.raises(KeyboardInterrupt):
        execute_run(run_id)
    assert (Artifact.objects.count(), Part.objects.count()) == (0, 0)
    Run.objects.filter(pk=run_id).update(lease_until=timezone.now() - timedelta(seconds=1))
    execute_run(run_id)
    assert workshop.output(run_id)["zip"]["sha256"] == Artifact.objects.get().digest


@pytest.mark.django_db
def test_it_is_taken_back_and_it_expires(workshop: Workshop, api: Api, settings: Any) -> None:
    run_id, shown = made(workshop, ZIP)
    path = path_of(shown["downloadUrl"], settings)
    _, other = made(workshop, ZIP)
    roll_back(run=Run.objects.get(pk=run_id), by=BY)
    take_back(Rollback.objects.get(run_id=run_id).pk)
    assert Effect.objects.get(run_id=run_id).state == "undone"
    assert api.get(path).status_code == 404
    kept = path_of(other["downloadUrl"], settings)
    assert downloaded(api, kept)
    assert Artifact.objects.get().expires_at > timezone.now() + timedelta(days=6)
    Artifact.objects.update(expires_at=timezone.now())
    assert api.get(kept).status_code == 404
    remove_expired()
    assert (Artifact.objects.count(), Part.objects.count()) == (0, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": "../../x"}, "is none for an archive"),
        ({"name": 'a"; filename=evil.exe'}, "is none for an archive"),
        ({"name": "a/b.zip"}, "is none for an archive"),
        ({"name": "x" * 120}, "is none for an archive"),
        ({"sourcePath": "../.."}, "leaves its folder"),
        ({"sourcePath": "/etc"}, "leaves its folder"),
        ({"sourcePath": "gone"}, "is not in the workspace"),
    ],
)
def test_what_cannot_be_kept_is_refused(workshop: Workshop, given: dict[str, Any], says: str) -> None:
    assert says in refused(workshop, {**ZIP, "input": given})
    assert not Artifact.objects.exists()


@pytest.mark.django_db
def test_two_steps_cannot_have_one_name_and_a_run_has_ten(workshop: Workshop) -> None:
    assert "that of an archive of step 'zip'" in refused(workshop, ZIP, {**ZIP, "id": "again"})
    many = [{"id": f"z{n}", "action": "publish:zip", "input": {"name": f"{n}"}} for n in range(11)]
    assert "which is the most" in refused(workshop, *many)


@pytest.mark.django_db
def test_an_archive_in_the_workspace_does_not_hold_itself(
    workshop: Workshop, api: Api, settings: Any
) -> None:
    pack = {"id": "pack", "action": "roadiehq:utils:zip", "input": {"path": ".", "outputPath": "out/all.zip"}}
    one = {
        "id": "one",
        "action": "roadiehq:utils:zip",
        "input": {"path": "docs/b.md", "outputPath": "one.zip"},
    }
    _, shown = made(workshop, pack, {**pack, "id": "pack2"}, one, ZIP)
    content = downloaded(api, path_of(shown["downloadUrl"], settings))
    assert names(content) == ["a.txt", "docs/b.md", "one.zip", "out/all.zip"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert names(archive.read("out/all.zip")) == ["a.txt", "docs/b.md"]
        assert names(archive.read("one.zip")) == ["b.md"]


@pytest.mark.django_db
@pytest.mark.parametrize("out", ["../x.zip", "docs", "a.txt/x.zip"])
def test_an_archive_is_written_nowhere_else(workshop: Workshop, out: str) -> None:
    given = {"path": ".", "outputPath": out}
    assert repr(out) in refused(workshop, {"id": "pack", "action": "roadiehq:utils:zip", "input": given})


def packed(folder: Path, target: Path) -> zipfile.ZipFile:
    Zipper(target, lambda: None).pack(folder)
    return zipfile.ZipFile(target)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "workspace"
    made.mkdir()
    (made / "run.sh").write_text("#!/bin/sh\n")
    return made


def test_modes_links_and_empty_folders_are_kept_times_are_not(folder: Path, tmp_path: Path) -> None:
    (folder / "run.sh").chmod(0o4755)
    (folder / "empty").mkdir()
    (folder / "sub").mkdir()
    (folder / "sub/link").symlink_to("../run.sh")
    with packed(folder, tmp_path / "a.zip") as archive:
        found = {one.filename: one for one in archive.infolist()}
        assert list(found) == ["empty/", "run.sh", "sub/link"]
        assert stat.S_IMODE(found["run.sh"].external_attr >> 16) == 0o755
        assert stat.S_ISLNK(found["sub/link"].external_attr >> 16)
        assert archive.read("sub/link") == b"../run.sh"
        assert {one.date_time for one in found.values()} == {(1980, 1, 1, 0, 0, 0)}
    os.utime(folder / "run.sh", (1, 1))
    packed(folder, tmp_path / "b.zip").close()
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


@pytest.mark.parametrize("aim", ["/etc/passwd", "../secret", "sub/../../secret", "up/secret"])
def test_a_link_that_leads_out_is_refused(folder: Path, tmp_path: Path, aim: str) -> None:
    (tmp_path / "secret").write_text("s")
    (folder / "sub").mkdir()
    if aim.startswith("up"):
        (folder / "up").symlink_to("..")
    (folder / "a-link").symlink_to(aim)
    with pytest.raises(InputError, match="leads out of what is packed"):
        packed(folder, tmp_path / "a.zip")


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe")


def _backslash(folder: Path) -> None:
    (folder / "..\\x").write_text("x")


def _bytes_name(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff")).write_text("x")


def _many(folder: Path) -> None:
    for n in range(6):
        (folder / f"{n}").touch()


def _holes(folder: Path) -> None:
    with (folder / "holes").open("wb") as file:
        file.truncate(5001)


def _noise(folder: Path) -> None:
    (folder / "noise").write_bytes(os.urandom(3000))


@pytest.mark.parametrize(
    ("prepare", "error", "says"),
    [
        (_pipe, InputError, "neither a file nor a folder"),
        (_backslash, InputError, "no name in an archive"),
        (_bytes_name, InputError, "no name in an archive"),
        (_many, TooLarge, "more than 5 files"),
        (_holes, TooLarge, "MB of files"),
        (_noise, TooLarge, "the archive would have more than"),
        (lambda folder: (folder / "run.sh").unlink() or folder.rmdir(), NotFound, "is not in the workspace"),
    ],
    ids=["pipe", "backslash", "bytes", "many", "holes", "noise", "gone"],
)
def test_what_no_archive_takes(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    prepare: Callable[[Path], Any],
    error: type[GreenroomError],
    says: str,
) -> None:
    monkeypatch.setattr(zipping, "MOST_FILES", 5)
    monkeypatch.setattr(zipping, "MOST_BYTES", 5000)
    monkeypatch.setattr(zipping, "LARGEST", 2000)
    prepare(folder)
    with pytest.raises(error, match=says):
        packed(folder, tmp_path / "a.zip")


@pytest.mark.django_db
def test_an_archive_that_is_taken_away_meanwhile_ends_early(workshop: Workshop) -> None:
    made(workshop, ZIP)
    found = Artifact.objects.get()
    artifacts.discard(run_id=str(found.run_id), name=found.name)
    with pytest.raises(NotFound, match="was taken away"):
        list(artifacts.pieces(found))
