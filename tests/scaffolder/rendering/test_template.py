"""`fetch:template` from skeleton to workspace, through the child process."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from scaffolder.rendering.fetching import fetch_template, fetch_template_file
from scaffolder.rendering.tree import TemplateOptions

HOSTS = {"local": "local"}


def grow(folder: Path, files: dict[str, str | bytes]) -> Path:
    """A folder with these files."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def tree(folder: Path) -> dict[str, str]:
    """What a folder holds: file → text, folder → "/", link → "→ target"."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"→ {path.readlink()}"
        else:
            found[name] = "/" if path.is_dir() else path.read_bytes().decode("latin-1")
    return found


def rendered(tmp_path: Path, files: dict[str, str | bytes], **options: Any) -> dict[str, str]:
    options.setdefault("values", {"name": "pay", "yes": True, "no": False, "folder": "src/main"})
    skeleton = grow(tmp_path / "skeleton", files)
    fetch_template(skeleton, tmp_path / "work/out", TemplateOptions(**options), hosts=HOSTS)
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["out"], "the staging folder is gone"
    return tree(tmp_path / "work/out")


def test_contents_and_paths_are_rendered(tmp_path: Path) -> None:
    assert rendered(
        tmp_path,
        {
            "README.md": "# ${{ values.name }}\r\n${{ 'local?owner=a&repo=b' | projectSlug }}",
            "${{ values.name }}/${{ values.folder }}/a.txt": "a",
            ".github/workflows/ci.yml": "x: {% raw %}${{ secrets.X }}{% endraw %} {{ y }}",
            "latin.bin": b"\xff\xfe${{ values.name }}",
            "zero.bin": b"\0${{ values.name }}",
        },
    ) == {
        "README.md": "# pay\r\na/b",
        "pay": "/",
        "pay/src": "/",
        "pay/src/main": "/",
        "pay/src/main/a.txt": "a",
        ".github": "/",
        ".github/workflows": "/",
        ".github/workflows/ci.yml": "x: ${{ secrets.X }} {{ y }}",
        "latin.bin": "\xff\xfe${{ values.name }}",
        "zero.bin": "\0${{ values.name }}",
    }


def test_a_path_that_renders_to_nothing_is_left_out(tmp_path: Path) -> None:
    assert rendered(
        tmp_path,
        {
            "{% if values.no %}gone.txt{% endif %}": "x",
            "{% if values.yes %}here.txt{% endif %}": "x",
            "{% if values.no %}dir{% endif %}/inner.txt": "x",
            "a/{% if values.no %}dir{% endif %}/inner.txt": "x",
        },
    ) == {"here.txt": "x", "a": "/"}


def test_modes_empty_folders_and_inner_links_are_kept(tmp_path: Path) -> None:
    skeleton = grow(tmp_path / "skeleton", {"run.sh": "#!/bin/sh", "docs/a.md": "a", "z": "z"})
    (skeleton / "run.sh").chmod(0o755)
    (skeleton / "empty/deep").mkdir(parents=True)
    (skeleton / "start").symlink_to("run.sh")
    (skeleton / "docs/up").symlink_to("../z")
    (skeleton / ".git").mkdir()
    found = rendered(tmp_path, {})
    assert os.access(tmp_path / "work/out/run.sh", os.X_OK)
    assert not os.access(tmp_path / "work/out/z", os.X_OK) or os.geteuid() == 0
    assert found["empty/deep"] == "/"
    assert found["start"] == "→ run.sh"
    assert found["docs/up"] == "→ ../z"
    assert ".git" not in found, "a copy of a repository is not the repository"


def test_copy_without_templating_copies_contents_and_renders_paths(tmp_path: Path) -> None:
    raw = "${{ values.name }}"
    files: dict[str, str | bytes] = {
        "charts/${{ values.name }}.yaml": raw,
        "charts/deep/.hidden": raw,
        "charts/keep.md": raw,
        "src/a.js": raw,
        "src/a.ts": raw,
    }
    found = rendered(tmp_path, files, copy_without_templating=["charts", "**/*.js", "!charts/keep.md"])
    assert found["charts/pay.yaml"] == raw
    assert found["charts/deep/.hidden"] == raw
    assert found["charts/keep.md"] == "pay"
    assert found["src/a.js"] == raw
    assert found["src/a.ts"] == "pay"


@pytest.mark.parametrize(("extension", "suffix"), [(True, ".njk"), ("tpl", ".tpl"), (".tpl", ".tpl")])
def test_with_an_extension_only_those_files_are_rendered(tmp_path: Path, extension: Any, suffix: str) -> None:
    raw = "${{ values.name }}"
    files: dict[str, str | bytes] = {f"${{{{ values.name }}}}.md{suffix}": raw, "${{ values.name }}.txt": raw}
    assert rendered(tmp_path, files, template_file_extension=extension) == {"pay.md": "pay", "pay.txt": raw}


def test_the_extension_goes_not_with_the_other_ways(tmp_path: Path) -> None:
    for other in ({"copy_without_templating": ["x"]}, {"cookiecutter_compat": True}):
        with pytest.raises(InputError, match="leave one of them out"):
            TemplateOptions(template_file_extension=True, **other)


def test_files_that_are_there_stay_unless_replaced(tmp_path: Path) -> None:
    grow(tmp_path / "work/out", {"a.txt": "mine", "own.txt": "mine"})
    files: dict[str, str | bytes] = {"a.txt": "template", "b.txt": "template"}
    assert rendered(tmp_path, files) == {"a.txt": "mine", "b.txt": "template", "own.txt": "mine"}
    assert rendered(tmp_path, files, replace=True)["a.txt"] == "template"


def test_blocks_and_cookiecutter_mode(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"a": "  {% if values.yes %}\nx\n  {% endif %}\n"}
    assert rendered(tmp_path, files, trim_blocks=True, lstrip_blocks=True) == {"a": "x\n"}
    compat: dict[str, str | bytes] = {
        "a": "{{ cookiecutter.name|upper }} {{ True }} ${{ cookiecutter.name }}"
    }
    found = rendered(tmp_path, compat, cookiecutter_compat=True, replace=True)
    assert found["a"] == "PAY true $pay"


def test_one_file(tmp_path: Path) -> None:
    skeleton = grow(tmp_path, {"a.md": "# ${{ values.name }}"})
    options = TemplateOptions(values={"name": "pay"})
    target = tmp_path / "work/docs/index.md"
    target.parent.mkdir(parents=True)
    assert fetch_template_file(skeleton / "a.md", target, options, hosts=HOSTS)
    assert target.read_text() == "# pay"
    target.write_text("mine")
    assert not fetch_template_file(skeleton / "a.md", target, options, hosts=HOSTS)
    assert target.read_text() == "mine"
    assert [path.name for path in target.parent.iterdir()] == ["index.md"]


def test_running_again_after_a_kill_is_harmless(tmp_path: Path) -> None:
    """What a killed run left: its staging folder, and part of the files moved."""
    grow(tmp_path / "work/.out.rendering", {"half": "torn"})
    grow(tmp_path / "work/out", {"a.txt": "pay"})
    files: dict[str, str | bytes] = {"a.txt": "${{ values.name }}", "b.txt": "${{ values.name }}"}
    assert rendered(tmp_path, files) == {"a.txt": "pay", "b.txt": "pay"}


def test_the_target_may_not_lie_in_the_template(tmp_path: Path) -> None:
    skeleton = grow(tmp_path / "skeleton", {"a": "a"})
    with pytest.raises(InputError, match="targetPath is inside the template folder"):
        fetch_template(skeleton, skeleton / "out", TemplateOptions(), hosts={}, cancel=threading.Event())
