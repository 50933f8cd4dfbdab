"""What every code host that can be read does alike: local, GitHub (our fake and `emulate`), GitLab (our fake)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import InputError, NotFound
from scm.budget import forget_budgets
from scm.errors import RepositoryNotFound
from scm.fakes.state import FakeTeam, State
from scm.port import Directory, Listing, Pages
from scm.values import RepositoryName
from tests.contracts.worlds import WORLDS, World

FILES = {
    "README.md": b"# Payments\n",
    "src/run.sh": b"#!/bin/sh\n",
    "docs/a b/\xc3\xbc#.md".encode("latin-1").decode("utf-8"): b"\x00\xff binary",
}
pytestmark = pytest.mark.django_db

ABSENT = RepositoryName("ana", "absent")


@pytest.fixture(params=WORLDS, ids=lambda make: make.__name__)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    forget_budgets()
    with request.param(request) as made:
        yield made


def test_a_repository_is_described(world: World) -> None:
    world.put(FILES, "main")
    found = world.host.get_repository(world.name)
    assert (found.name, found.description, found.default_branch) == (world.name, "Pays", "main")
    assert found.private
    assert found.id
    assert not found.archived
    assert not found.fork
    assert found.web_url == world.host.web_url(world.name)
    assert found.clone_url == world.host.clone_url(world.name)


def test_a_push_is_seen_in_the_description(world: World) -> None:
    world.put({"a": b"1"}, "main")
    before = world.host.get_repository(world.name).pushed
    world.put({"a": b"2"}, "main")
    if before and world.fake is not None:
        assert world.host.get_repository(world.name).pushed != before


def test_files_are_read_by_branch_commit_and_default_branch(world: World) -> None:
    world.put(FILES, "main")
    (main,) = world.host.branches(world.name)
    assert main.name == "main"
    for ref in ("main", "HEAD", main.sha):
        for path, content in FILES.items():
            assert world.host.read_file(world.name, ref, path) == content
    assert world.host.list_files(world.name, "main") == sorted(FILES, key=str.encode)


def test_a_branch_may_have_a_slash(world: World) -> None:
    world.put({"a": b"main"}, "main")
    world.put({"a": b"feature"}, "feature/x")
    assert world.host.read_file(world.name, "feature/x", "a") == b"feature"
    assert world.host.list_files(world.name, "feature/x") == world.host.list_files(world.name, "main")
    assert [branch.name for branch in world.host.branches(world.name)] == ["feature/x", "main"]


def test_an_unchanged_file_is_not_sent_again(world: World) -> None:
    world.put({"a": b"1", "b": b"1"}, "main")
    first = world.host.fetch_file(world.name, "main", "a")
    assert first is not None
    assert first.content == b"1"
    world.put({"b": b"2"}, "main")
    if world.tells_unchanged:
        assert first.etag
        assert world.host.fetch_file(world.name, "main", "a", etag=first.etag) is None
    world.put({"a": b"2"}, "main")
    again = world.host.fetch_file(world.name, "main", "a", etag=first.etag)
    assert again is not None
    assert again.content == b"2"
    assert again.etag != first.etag or not world.tells_unchanged


def test_a_large_file_is_read_whole(world: World) -> None:
    content = bytes(range(256)) * 6000
    world.put({"large": content}, "main")
    assert world.host.read_file(world.name, "main", "large") == content


def test_a_folder_is_exported(world: World, tmp_path: Path) -> None:
    world.needs("archives")
    world.put(FILES, "main")
    world.host.export_tree(world.name, "main", "", tmp_path / "all")
    assert {
        str(path.relative_to(tmp_path / "all")): path.read_bytes()
        for path in (tmp_path / "all").rglob("*")
        if path.is_file()
    } == FILES
    world.host.export_tree(world.name, "HEAD", "src", tmp_path / "src")
    assert (tmp_path / "src" / "run.sh").stat().st_mode & 0o100
    for path, ref in (("absent", "main"), ("", "absent")):
        with pytest.raises(NotFound, match="absent"):
            world.host.export_tree(world.name, ref, path, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_what_is_missing_is_told_from_a_repository_that_is(world: World) -> None:
    world.put(FILES, "main")
    for ask in (
        lambda: world.host.read_file(world.name, "main", "absent"),
        lambda: world.host.read_file(world.name, "absent", "README.md"),
        lambda: world.host.fetch_file(world.name, "main", "src"),
        lambda: world.host.list_files(world.name, "absent"),
    ):
        with pytest.raises(NotFound) as caught:
            ask()
        assert not isinstance(caught.value, RepositoryNotFound)
    for ask_elsewhere in (
        lambda: world.host.get_repository(ABSENT),
        lambda: world.host.read_file(ABSENT, "main", "a"),
        lambda: world.host.list_files(ABSENT, "main"),
        lambda: world.host.branches(ABSENT),
    ):
        with pytest.raises(RepositoryNotFound, match="ana/absent"):
            ask_elsewhere()
    with pytest.raises(InputError, match="stay inside"):
        world.host.read_file(world.name, "main", "../../etc/passwd")


@pytest.mark.parametrize("path", ["", "catalog-info.yaml", "docs/a b/ü#?.md"])
@pytest.mark.parametrize("branch", ["main", "feature/x", "HEAD"])
def test_an_address_leads_back_to_its_place(world: World, path: str, branch: str) -> None:
    found = world.host.resolve(world.host.contents_url(world.name, branch, path))
    assert found is not None
    assert (found.repository, found.ref, found.path) == (world.name, branch, path)


@pytest.mark.parametrize("path", ["", "docs/a b/ü#?"])
def test_pages_of_folders_and_for_editing_lead_back_too(world: World, path: str) -> None:
    if not isinstance(world.host, Pages):
        pytest.skip("no such pages")
    for url in (
        world.host.folder_url(world.name, "feature/x", path),
        world.host.edit_url(world.name, "feature/x", path),
    ):
        found = world.host.resolve(url)
        assert found is not None
        assert (found.repository, found.ref, found.path) == (world.name, "feature/x", path)


def test_the_repository_s_own_addresses_mean_its_root(world: World) -> None:
    for url in (world.host.web_url(world.name), world.host.clone_url(world.name)):
        found = world.host.resolve(url)
        assert found is not None
        assert (found.repository, found.ref, found.path) == (world.name, "HEAD", "")
    issue = f"{world.host.web_url(world.name)}{'/-' if 'gitlab' in world.host.host else ''}/issues/1"
    for foreign in (
        "https://elsewhere.example/a/b",
        "file:///git/a/b",
        "",
        "no address",
        "/git/a/b",
        "http://[::1",
        issue,
    ):
        assert world.host.resolve(foreign) is None
    with pytest.raises(InputError, match="credential"):
        world.host.resolve(url.replace("://", "://ana:s3cret@"))


def test_an_organisation_s_repositories_are_listed_to_the_end(world: World) -> None:
    world.needs("an organisation's list")
    assert isinstance(world.host, Listing)
    world.put(FILES, "main")
    assert [one.name for one in world.host.repositories("acme")] == [world.name]
    if world.fake is not None:
        for number in range(250):
            world.fake.state.repository(f"acme/r{number:03}", topics=["x"], archived=number == 7)  # type: ignore[attr-defined]
        listed = list(world.host.repositories("acme"))
        assert len({one.name for one in listed}) == len(listed) == 251
        assert [one.name.name for one in listed if one.archived] == ["r007"]
        assert listed[5].topics == ("x",)
    with pytest.raises(NotFound, match=r"nobody|nothing"):
        list(world.host.repositories("nobody"))


def test_people_and_teams_are_told_to_the_end(world: World) -> None:
    if not isinstance(world.host, Directory) or world.fake is None:
        pytest.skip("tells of nobody")
    state: State = world.fake.state  # type: ignore[attr-defined]
    full = world.host.host == "gitlab.test"
    state.organisation("acme", *(f"p{number:03}" for number in range(230)))
    logins = sorted(state.people)
    top, below = ("acme/eng", "acme/eng/api") if full else ("eng", "api")
    state.teams["acme"] = [
        FakeTeam(below, "API", parent=top, members=logins[:3]),
        FakeTeam(top, "Engineering", description="All of it", members=logins[3:210]),
    ]
    found = world.host.organisation("acme")
    assert {one.login for one in found.members} == set(logins)
    assert next(one for one in found.members if one.login == "p000").email == "p000@example.com"
    teams = {one.path: one for one in found.teams}
    assert teams["acme/eng"].name == "Engineering"
    assert len(teams["acme/eng"].members) == 207
    api = teams["acme/eng/api" if full else "acme/api"]
    assert (api.parent, api.slug, api.members) == ("acme/eng", "api", tuple(logins[:3]))
    with pytest.raises(NotFound):
        world.host.organisation("nobody")
