"""Makes a template with a skeleton of N small files, to be read by any server as a file location; always the same bytes."""

import argparse
from pathlib import Path

from benchmarks.server import tell

NAME = "template:default/bench-service"
PUBLISHER = "template:default/bench-publisher"
"""Puts the folder, with another template.yaml in it, into a repository of Greenroom's own host."""
_TEMPLATE = """\
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata:
  name: bench-service
  title: Bench service
spec:
  owner: group:default/guests
  type: service
  parameters:
    - required: [name, owner]
      properties:
        name: {type: string}
        owner: {type: string}
        port: {type: integer, default: 8080}
  steps:
    - id: fetch
      name: Fetch
      action: fetch:template
      input:
        url: ./skeleton
        values:
          name: ${{ parameters.name }}
          owner: ${{ parameters.owner }}
          port: ${{ parameters.port }}
    - id: rename
      name: Rename
      action: fs:rename
      input:
        files:
          - {from: gitignore.txt, to: .gitignore}
    - id: log
      name: Log
      action: debug:log
      input: {message: "created ${{ parameters.name }}"}
  output:
    text:
      - {title: Done, content: "Created ${{ parameters.name }}"}
"""
_PUBLISHER = """\
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata:
  name: bench-publisher
  title: Bench publisher
spec:
  owner: group:default/guests
  type: service
  parameters:
    - required: [repository, template]
      properties:
        repository: {type: string}
        template: {type: string}
  steps:
    - id: fetch
      name: Fetch
      action: fetch:plain
      input: {url: ./}
    - id: template
      name: Template
      action: fs:write
      input: {path: template.yaml, content: "${{ parameters.template }}", overwrite: true}
    - id: publish
      name: Publish
      action: publish:local
      input: {repoUrl: "local?owner=bench&repo=${{ parameters.repository }}"}
  output:
    repoContentsUrl: ${{ steps.publish.output.repoContentsUrl }}
"""
_FIRST = {
    "gitignore.txt": "*.pyc\n__pycache__/\n",
    "README.md": "# ${{ values.name }}\n\nOwned by ${{ values.owner }}, listens on ${{ values.port }}.\n",
    "catalog-info.yaml": "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: ${{ values.name }}\n"
    "spec: {type: service, lifecycle: experimental, owner: ${{ values.owner }}}\n",
    "${{ values.name }}.conf": "port=${{ values.port }}\n"
    "privileged={% if values.port > 1024 %}no{% else %}yes{% endif %}\n",
}


def main(argv: list[str]) -> int:
    """`python -m benchmarks template --files 30 --into FOLDER`."""
    parser = argparse.ArgumentParser(prog="benchmarks template", description=__doc__)
    parser.add_argument("--files", type=int, default=30)
    parser.add_argument("--into", type=Path, required=True)
    options = parser.parse_args(argv)
    tell({"template": NAME, "files": options.files, "bytes": write(options.into, options.files)})
    return 0


def write(folder: Path, files: int) -> int:
    """Write template.yaml, its skeleton, a publisher, and a root.yaml that names both → bytes of the skeleton."""
    contents = dict(_FIRST)
    for number in range(files - len(_FIRST)):
        functions = "".join(
            f"def f{each}(x):\n    return x * {number + each} + len(OWNER)\n\n" for each in range(8)
        )
        contents[f"src/part_{number // 100:02d}/module_{number:04d}.py"] = (
            f'"""Module {number} of ${{{{ values.name }}}}."""\n\nOWNER = "${{{{ values.owner }}}}"\n\n{functions}'
        )
    for path, text in contents.items():
        file = folder / "skeleton" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (folder / "template.yaml").write_text(_TEMPLATE)
    (folder / "publisher.yaml").write_text(_PUBLISHER)
    (folder / "root.yaml").write_text(
        "apiVersion: backstage.io/v1alpha1\nkind: Location\nmetadata: {name: bench-template}\n"
        "spec: {type: file, targets: [./template.yaml, ./publisher.yaml]}\n"
    )
    return sum(len(text) for text in contents.values())


def named(name: str) -> str:
    """The template.yaml of the same template by another name."""
    return _TEMPLATE.replace("bench-service", name)
