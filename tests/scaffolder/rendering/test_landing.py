"""Moving a folder's contents into another one."""

from pathlib import Path

import pytest

from core.errors import InputError
from scaffolder.rendering.landing import land
from scaffolder.rendering.limits import Limits


def filled(folder: Path, **files: str) -> Path:
    for path, content in files.items():
        place = folder / path.replace("__", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
    return folder


def files_of(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("replace", [False, True])
def test_what_is_there_is_joined(tmp_path: Path, *, whole: bool, replace: bool) -> None:
    staging = filled(tmp_path / "staging", a="new", old__b="new", old__c="new", fresh__deep__d="new")
    target = filled(tmp_path / "target", a="old", old__b="old", kept="old")
    landed = land(staging, target, replace=replace, limits=Limits(), whole=whole)
    there = {"a": "old", "old/b": "old"}
    brought = {"old/c": "new", "fresh/deep/d": "new"} | (dict.fromkeys(there, "new") if replace else {})
    assert sorted(landed) == sorted(brought)
    assert files_of(target) == {"kept": "old"} | there | brought


def test_a_repository_in_a_fetched_folder_stays_behind(tmp_path: Path) -> None:
    staging = filled(
        tmp_path / "staging", vendor__code="x", **{"vendor__.git__config": "[core]\n  fsmonitor = evil"}
    )
    assert land(staging, tmp_path / "target", replace=True, limits=Limits()) == ["vendor/code"]
    assert files_of(tmp_path / "target") == {"vendor/code": "x"}


@pytest.mark.parametrize("whole", [False, True])
def test_a_file_and_a_folder_of_one_name_are_refused(tmp_path: Path, *, whole: bool) -> None:
    staging = filled(tmp_path / "staging", name__inside="new")
    target = filled(tmp_path / "target", name="old")
    with pytest.raises(InputError, match="is a folder here and a file in the workspace"):
        land(staging, target, replace=True, limits=Limits(), whole=whole)
    assert files_of(target) == {"name": "old"}
