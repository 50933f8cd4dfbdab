"""A template as it lies on disk: what it says, and where in its file each part stands."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from catalog.yaml_documents import parse_documents
from core.errors import InputError, NotFound
from scaffolder.template import check_template_shape

NAMES = ("template.yaml", "template.yml")
_LONGEST = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Place:
    """A line and a column, both from 1. `within` says how a text in YAML was written."""

    line: int
    column: int
    style: str = ""
    """`|`, `>`, a quote, or nothing for a plain text."""

    def inside(self, text: str, offset: int) -> "Place":
        """The place of an offset into the text that stands here, as exactly as its style lets us tell."""
        before = text[:offset]
        if self.style == "|":
            return Place(self.line + 1 + before.count("\n"), 1)
        if self.style == ">" or "\n" in text:
            return Place(self.line, self.column)
        return Place(self.line, self.column + offset + (1 if self.style in {"'", '"'} else 0))


@dataclass(frozen=True, slots=True)
class Source:
    """A Template entity of a file. `root` is the folder of its repository: what lies outside of it is not read."""

    file: Path
    entity: dict[str, Any]
    node: yaml.Node
    root: Path

    @property
    def folder(self) -> Path:
        """Where relative addresses in the template are meant from."""
        return self.file.parent

    @property
    def name(self) -> str:
        return str(self.entity["metadata"]["name"])

    def place(self, *path: str | int) -> Place:
        """Where the part at this path stands; what contains it when there is no such part."""
        node = self.node
        for key in path:
            inner = _inner(node, key)
            if inner is None:
                break
            node = inner
        mark = node.start_mark
        return Place(mark.line + 1, mark.column + 1, str(getattr(node, "style", None) or ""))


def _inner(node: yaml.Node, key: str | int) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == key), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        found: yaml.Node = node.value[key]
        return found
    return None


def read_templates(path: Path, root: Path | None = None) -> list[Source]:
    """The templates of a file, or of the `template.yaml` of a folder, in the repository that it lies in.

    NotFound when there is no such file; InputError, with the line, for what is no YAML or no template.
    """
    file = _file(path)
    root = _root(file, root)
    content = file.read_bytes()
    if len(content) > _LONGEST:
        raise InputError(f"{file} has {len(content)} bytes, {_LONGEST} at the most")
    documents = [
        parsed for parsed in parse_documents(content, str(file)) if parsed.value is not None or parsed.problem
    ]
    for parsed in documents:
        if parsed.problem is not None:
            raise InputError(f"{parsed.problem}")
    try:
        nodes = [
            node
            for node in yaml.compose_all(content.decode("utf-8-sig"), Loader=yaml.CSafeLoader)
            if node is not None and not _is_null(node)
        ]
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is not YAML: {error}") from error
    found = []
    for parsed, node in zip(documents, nodes, strict=False):
        if isinstance(parsed.value, dict) and parsed.value.get("kind") == "Template":
            try:
                check_template_shape(parsed.value)
            except InputError as error:
                raise InputError(f"{file}:{parsed.line}: {error.message}") from error
            found.append(Source(file, parsed.value, node, root))
    if not found:
        raise InputError(f"{file} holds no entity of kind Template")
    return found


def read_template(path: Path, name: str | None = None, root: Path | None = None) -> Source:
    """The one template of a file or folder, or that of this name."""
    found = read_templates(path, root)
    if name is None and len(found) == 1:
        return found[0]
    for one in found:
        if one.name == name:
            return one
    names = ", ".join(one.name for one in found)
    raise InputError(f"{path} holds the templates {names}: say which one with --name")


def _file(path: Path) -> Path:
    if path.is_dir():
        for name in NAMES:
            if (path / name).is_file():
                return path / name
        raise NotFound(f"{path} has no template.yaml; name the file, or the folder that has one")
    if not path.is_file():
        raise NotFound(f"there is no file {path}")
    return path


def _root(file: Path, given: Path | None) -> Path:
    """The folder that is said to be the repository's, else the nearest one with a `.git`, else the file's own."""
    folder = file.absolute().parent
    if given is not None:
        if not folder.is_relative_to(given.absolute()):
            raise InputError(f"{file} does not lie in {given}: name a folder around it")
        return given.absolute()
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), folder)


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")
