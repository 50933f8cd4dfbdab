"""Renders a skeleton folder as `fetch:template` does: contents, and paths too."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import InputError, TooLarge
from core.names import Confined
from scaffolder.expressions import BoundsExceeded, Dialect, Environment, ExpressionError, Renderer

from .limits import Limits
from .skeleton import Entry, survey

_BINARY_SAMPLE = 8_000


@dataclass(frozen=True, slots=True)
class TemplateOptions:
    """The input of `fetch:template`, less where from and where to."""

    values: Mapping[str, Any] = field(default_factory=dict)
    copy_without_templating: Sequence[str] = ()
    """Globs, `!` to take out; contents of what they match are copied, paths still rendered."""
    template_file_extension: bool | str = False
    """Only files with it are rendered (true means .njk), and it is taken off."""
    replace: bool = False
    """Whether files that are there are written over."""
    cookiecutter_compat: bool = False
    trim_blocks: bool = False
    lstrip_blocks: bool = False

    def __post_init__(self) -> None:
        if self.template_file_extension and (self.copy_without_templating or self.cookiecutter_compat):
            raise InputError(
                "templateFileExtension goes neither with copyWithoutTemplating nor with cookiecutterCompat: "
                "leave one of them out"
            )

    @property
    def suffix(self) -> str:
        """The extension with its dot; empty when all files are rendered."""
        if not self.template_file_extension:
            return ""
        extension = ".njk" if self.template_file_extension is True else self.template_file_extension
        return extension if extension.startswith(".") else f".{extension}"


def renderer_for(options: TemplateOptions, environment: Environment) -> Renderer:
    """The renderer of a skeleton: one variable, `values`, or `cookiecutter` in its place."""
    name = "cookiecutter" if options.cookiecutter_compat else "values"
    dialect = Dialect(
        cookiecutter_compat=options.cookiecutter_compat,
        trim_blocks=options.trim_blocks,
        lstrip_blocks=options.lstrip_blocks,
    )
    return Renderer({name: dict(options.values)}, environment=environment, dialect=dialect)


def render_tree(
    skeleton: Path,
    into: Path,
    options: TemplateOptions,
    *,
    beside: Path,
    environment: Environment,
    limits: Limits,
) -> list[str]:
    """Render a skeleton into an empty folder; gives the paths made.

    `beside` is where the result will go: without `replace`, what is there already is not made again.
    Raises InputError naming the file for an error in it and for a path that leaves the folder.
    """
    renderer = renderer_for(options, environment)
    within, there = Confined(into), Confined(beside)
    left_alone = is_left_alone(options)
    keeps = not options.replace and beside.is_dir() and any(beside.iterdir())
    folders, mode_of_new = {into}, _mode_of_new()
    made: list[str] = []
    total = 0
    for entry in survey(skeleton, limits):
        path = _rendered_path(entry, renderer, options)
        if path is None:
            continue
        target = within(path)
        if entry.kind == "folder":
            target.mkdir(parents=True, exist_ok=True)
            folders.add(target)
            made.append(f"{path}/")
            continue
        if keeps and os.path.lexists(there(path)):
            continue
        if target.parent not in folders:  # a value with a slash in it makes folders of its own
            target.parent.mkdir(parents=True, exist_ok=True)
            folders.add(target.parent)
        source = skeleton / entry.path
        if entry.kind == "link":
            target.unlink(missing_ok=True)
            target.symlink_to(source.readlink())
            _check_landed(into, target, path)
        else:
            content = source.read_bytes()
            if is_rendered(entry, options, left_alone):
                content = _rendered(content, entry.path, renderer)
            total = _counted(content, path, total, limits)
            wanted, is_new = entry.mode & 0o777, not os.path.lexists(target)
            target.write_bytes(content)
            if (
                wanted != mode_of_new or not is_new
            ):  # each change of a file is looked at by `confinement`, which costs
                target.chmod(wanted)
        made.append(path)
    return made


def _mode_of_new() -> int:
    """What a file may that was just made."""
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask


def render_file(
    source: Path, into: Path, options: TemplateOptions, *, environment: Environment, limits: Limits
) -> None:
    """Render one file, as `fetch:template:file` does."""
    size = source.stat().st_size
    if size > limits.file_bytes:
        raise TooLarge(
            f"file {source.name!r} has {size} bytes; one file may have at most {limits.file_bytes}"
        )
    content = _rendered(source.read_bytes(), source.name, renderer_for(options, environment))
    _counted(content, source.name, 0, limits)
    into.write_bytes(content)
    into.chmod(source.stat().st_mode & 0o777)


def _rendered_path(entry: Entry, renderer: Renderer, options: TemplateOptions) -> str | None:
    """The path to make, or None when this one is left out: a name that renders to nothing is how templates
    say so.
    """
    try:
        path = renderer.text(f"{entry.path}/" if entry.kind == "folder" else entry.path)
    except ExpressionError as error:
        raise _in_file(f"path {entry.path!r}", error) from error
    if entry.kind == "file" and options.suffix and entry.path.endswith(options.suffix):
        path = path.removesuffix(options.suffix)
    if not path.strip("/") or path.startswith("/") or "//" in path:
        return None
    if any(part.lower() == ".git" for part in path.split("/")):
        raise InputError(
            f"path {entry.path!r} renders to {path!r}: a template makes no .git folder, publishing does"
        )
    if max(map(len, path.encode(errors="replace").split(b"/"))) > 255:
        raise InputError(
            f"path {entry.path!r} renders to a name of more than 255 bytes: shorten the value in it"
        )
    return path.rstrip("/") if entry.kind == "folder" else path


def is_left_alone(options: TemplateOptions) -> Callable[[str], bool] | None:
    """Whether a file's contents are copied as they are, by its path; None when none are."""
    return _matcher(options.copy_without_templating)


def is_rendered(entry: Entry, options: TemplateOptions, left_alone: Callable[[str], bool] | None) -> bool:
    """Whether a file's contents are rendered, when they are text."""
    if options.suffix:
        return entry.path.endswith(options.suffix)
    return not (left_alone and left_alone(entry.path))


def _rendered(content: bytes, name: str, renderer: Renderer) -> bytes:
    """Text rendered; what is not UTF-8 text is binary and stays as it is."""
    if b"\0" in content[:_BINARY_SAMPLE]:
        return content
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return content
    try:
        return renderer.text(text).encode()
    except ExpressionError as error:
        raise _in_file(f"file {name!r}", error) from error


def _in_file(subject: str, error: ExpressionError) -> InputError:
    kind = TooLarge if isinstance(error, BoundsExceeded) else InputError
    return kind(f"skeleton {subject}: {error.message}")


def _counted(content: bytes, path: str, total: int, limits: Limits) -> int:
    if len(content) > limits.file_bytes:
        raise TooLarge(
            f"rendered file {path!r} has {len(content)} bytes; one may have at most {limits.file_bytes}"
        )
    total += len(content)
    if total > limits.total_bytes:
        raise TooLarge(f"the rendered files have more than {limits.total_bytes} bytes, passed with {path!r}")
    return total


def _check_landed(into: Path, target: Path, path: str) -> None:
    """A link from the skeleton may come to lie elsewhere, because paths are rendered; it must still stay
    inside.
    """
    root, real = os.path.realpath(into), os.path.realpath(target)
    if not f"{real}/".startswith(f"{root}/"):
        raise InputError(f"link {path!r} points outside of the rendered folder: replace it by a copy")


def _matcher(patterns: Sequence[str]) -> Callable[[str], bool] | None:
    """Whether a path is meant by globs: any of those without `!`, none of those with it. A folder means all
    in it.
    """
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
    if not wanted:
        return None
    from wcmatch import glob  # 25 ms, needed by few templates

    flags = glob.GLOBSTAR | glob.DOTGLOB | glob.BRACE | glob.EXTGLOB
    taken_out = [pattern[1:] for pattern in patterns if pattern.startswith("!")]

    def means(path: str, several: Sequence[str]) -> bool:
        whole = [plain for pattern in several for plain in _with_contents(pattern.removeprefix("./"))]
        return bool(whole) and glob.globmatch(path, whole, flags=flags, limit=1000)

    def matches(path: str) -> bool:
        return means(path, wanted) and not means(path, taken_out)

    return matches


def _with_contents(pattern: str) -> tuple[str, str]:
    return pattern, f"{pattern.rstrip('/')}/**"
