"""What every code host does alike when repositories are made, described and removed; also when it is away."""

from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import Conflict, ExternalError, NotAllowed, NotFound, Unavailable
from scm import registry
from scm.port import Listing
from scm.values import RepositoryName, RepositorySettings
from tests.contracts.writing import WritingWorld

pytestmark = pytest.mark.django_db(transaction=True)


def listed(writing: WritingWorld) -> list[str]:
    """The host's own list of what is there."""
    assert isinstance(writing.host, Listing)
    try:
        return [one.id for one in writing.host.repositories(writing.name.owner)]
    except NotFound:
        return []


def test_a_new_repository_is_as_it_was_asked_for(writing: WritingWorld) -> None:
    writing.create(private=False)
    made = writing.host.configure_repository(writing.name, RepositorySettings(description="Pays"))
    assert made == writing.host.get_repository(writing.name)
    assert (made.name, made.description, made.private) == (writing.name, "Pays", False)
    assert made.web_url == writing.host.web_url(writing.name)
    assert made.clone_url == writing.host.clone_url(writing.name)
    assert "@" not in made.clone_url
    assert writing.host.branches(writing.name) == []
    assert listed(writing) == [made.id]


def test_the_same_maker_again_gets_the_same_and_another_is_refused(
    writing: WritingWorld, folder: Path
) -> None:
    made = writing.create()
    sha = writing.push(folder)
    assert writing.create() == made
    assert writing.heads() == {"main": sha}
    for other in ("run:2", "run:11"):  # of which "run:1" is the beginning
        with pytest.raises(Conflict, match="another name"):
            writing.create(made_by=other)
    assert listed(writing) == [made]


def test_a_name_is_taken_in_other_letters_too(writing: WritingWorld) -> None:
    writing.needs("names without letter case")
    made = writing.create()
    name = RepositoryName(writing.name.owner, "Payments")
    with pytest.raises(Conflict, match="another name"):
        writing.host.create_repository(
            name, description="", default_branch="main", private=True, made_by="run:2"
        )
    assert listed(writing) == [made]


def test_a_repository_gets_its_settings(writing: WritingWorld) -> None:
    made = writing.create()
    for _ in range(2):
        found = writing.host.configure_repository(
            writing.name, RepositorySettings(description="Pays well", topics=("money",), has_wiki=False)
        )
        assert (found.id, found.description) == (made, "Pays well")
    assert writing.host.get_repository(writing.name) == found
    with pytest.raises(Conflict, match="another name"):
        writing.create(made_by="run:2")


def test_a_repository_is_deleted_by_its_id(writing: WritingWorld, folder: Path) -> None:
    first = writing.create()
    sha = writing.push(folder)
    with pytest.raises(Conflict, match="another"):
        writing.host.delete_repository(writing.name, repository_id=f"{first}0")
    assert writing.heads() == {"main": sha}
    for _ in range(2):
        writing.host.delete_repository(writing.name, repository_id=first)
        with pytest.raises(NotFound, match=r"payments"):
            writing.host.get_repository(writing.name)
        assert listed(writing) == []


def test_a_repository_that_took_the_name_is_not_touched(writing: WritingWorld, folder: Path) -> None:
    first = writing.create()
    writing.host.delete_repository(writing.name, repository_id=first)
    second = writing.create(made_by="run:2")
    assert second != first
    sha = writing.push(folder)
    with pytest.raises(Conflict, match="another"):
        writing.host.delete_repository(writing.name, repository_id=first)
    assert listed(writing) == [second]
    assert writing.heads() == {"main": sha}


def test_a_repository_whose_making_was_not_answered_is_found_again(writing: WritingWorld) -> None:
    if writing.fake is None:
        pytest.skip("no answers are lost on this machine")
    writing.fake.lose("POST", writing.creating)
    with pytest.raises(Unavailable):
        writing.create()
    made = writing.create()
    assert listed(writing) == [made]
    with pytest.raises(Conflict, match="another name"):
        writing.create(made_by="run:2")


def test_a_push_that_was_not_answered_is_not_doubled(writing: WritingWorld, folder: Path) -> None:
    if writing.fake is None:
        pytest.skip("no answers are lost on this machine")
    writing.create()
    writing.fake.lose("POST", "/git-receive-pack")
    sha = writing.push(folder)
    assert writing.push(folder) == sha
    assert writing.heads() == {"main": sha}


def test_a_host_that_is_away_is_unavailable_and_nothing_changes(writing: WritingWorld, folder: Path) -> None:
    if writing.fake is None:
        pytest.skip("is never away from itself")
    made = writing.create()
    sha = writing.push(folder)
    (folder / "new").write_text("1")
    writing.fake.down = True
    for attempt in (
        lambda: writing.create(made_by="run:2"),
        lambda: writing.push(folder),
        lambda: writing.host.configure_repository(writing.name, RepositorySettings(description="x")),
        lambda: writing.host.delete_repository(writing.name, repository_id=made),
        lambda: writing.host.delete_branch(writing.name, "main", expected=sha),
    ):
        with pytest.raises(Unavailable):
            attempt()
    writing.fake.down = False
    assert listed(writing) == [made]
    assert writing.heads() == {"main": sha}


def test_a_credential_that_may_only_read_changes_nothing(writing: WritingWorld, folder: Path) -> None:
    if writing.reading_only is None:
        pytest.skip("needs no credential")
    made = writing.create()
    sha = writing.push(folder)
    (folder / "new").write_text("1")
    with writing.reading_only() as host:
        reader = replace(writing, host=host)
        assert reader.heads() == {"main": sha}
        for attempt in (
            lambda: reader.push(folder),
            lambda: host.configure_repository(reader.name, RepositorySettings(description="x")),
            lambda: host.delete_repository(reader.name, repository_id=made),
        ):
            with pytest.raises((ExternalError, NotAllowed), match=r"right|access|allowed|permission"):
                attempt()
    assert listed(writing) == [made]
    assert writing.heads() == {"main": sha}


def test_a_host_is_registered_once(writing: WritingWorld) -> None:
    if writing.host.host not in registry.hosts():
        pytest.skip("not registered in tests")
    assert registry.host(writing.host.host).host == writing.host.host
    with pytest.raises(Conflict, match="registered already"):
        registry.register(writing.host)
    with pytest.raises(NotFound, match="known hosts"):
        registry.host("nowhere")
