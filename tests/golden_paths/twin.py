"""Keep the cookiecutter in step with the skeleton it is made from: `python -m tests.golden_paths.twin`.

Both have to be complete, since each must work where only its own folder was fetched, and a
cookiecutter also without Greenroom. So one is written by hand, the other by this translation,
and a test compares.
"""

import re
import shutil
from pathlib import Path

TEMPLATES = Path(__file__).parents[2] / "templates"
SKELETON = TEMPLATES / "python-service" / "skeleton"
COOKIECUTTER = TEMPLATES / "python-service-cookiecutter" / "cookiecutter"
MADE_FOLDER = "{{cookiecutter.slug}}"

# What the skeleton calls a value → what the cookiecutter calls it. Two underscores in front mean
# that cookiecutter.json works it out and asks nobody.
NAMES = {
    "name": "slug",
    "package": "__package",
    "description": "description",
    "summary": "__summary",
    "owner": "owner",
    "owner_kind": "__owner_kind",
    "owner_name": "__owner_name",
    "system": "system",
    "lifecycle": "lifecycle",
    "port": "port",
    "host": "host",
    "repo_owner": "repo_owner",
    "repo": "repo",
    "template": "__template",
}
# Free text needs escapes between quotes; everything else is held to harmless characters by its pattern.
QUOTED = {"description": "__description_quoted", "summary": "__summary_quoted"}

OUTPUT = re.compile(r"\$\{\{ values\.(\w+)( \| dump)? \}\}")
TAG = re.compile(r"\{%.*?%\}")


def translated(text: str) -> str:
    """Skeleton text or path → the same for cookiecutter; a KeyError names a value that it does not know."""

    def output(match: re.Match[str]) -> str:
        name, dumped = match.groups()
        if dumped and name in QUOTED:
            return f"{{{{ cookiecutter.{QUOTED[name]} }}}}"
        plain = f"{{{{ cookiecutter.{NAMES[name]} }}}}"
        return f'"{plain}"' if dumped else plain

    def tag(match: re.Match[str]) -> str:
        return re.sub(r"\bvalues\.(\w+)", lambda value: f"cookiecutter.{NAMES[value[1]]}", match[0])

    return OUTPUT.sub(output, TAG.sub(tag, text))


def expected_files() -> dict[str, str]:
    """What the cookiecutter's folder has to hold: path → text."""
    files = (path for path in SKELETON.rglob("*") if path.is_file())
    return {
        translated(path.relative_to(SKELETON).as_posix()): translated(path.read_text(encoding="utf-8"))
        for path in files
    }


def write() -> None:
    """Make the cookiecutter's folder anew from the skeleton."""
    folder = COOKIECUTTER / MADE_FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    for relative, text in expected_files().items():
        path = folder / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
