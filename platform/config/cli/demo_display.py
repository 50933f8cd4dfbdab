"""What the demo looks like: chapters, checklists, the repository and the entity that were made."""

import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.padding import Padding
from rich.text import Text
from rich.tree import Tree

from config import env

from .checklist import Checklist
from .client import ref_of
from .output import command, console, short
from .runs import Ended

FOLDERS_OPENED = 2  # levels of the repository's tree that are shown


class Story:
    """Tells the story on standard output."""

    def __init__(self) -> None:
        self._console = console()
        self._began = time.monotonic()
        self._chapters = 0

    def chapter(self, title: str, what: str) -> None:
        """A new part of the story."""
        self._chapters += 1
        self.say()
        self._console.print(Text.assemble((f"{self._chapters}. {title}", "bold green"), f"  {what}"))

    def say(self, line: str | Text = "") -> None:
        """One line."""
        self._console.print(line)

    def checklist(self) -> Checklist:
        """Steps that one sees change."""
        return Checklist(self._console)

    def answers(self, values: Mapping[str, str]) -> None:
        """The form as it was filled in."""
        for name, value in values.items():
            self.say(Text.assemble((f"    {name:<15}", "dim"), value))

    def repository(self, url: str, clone: Path) -> None:
        """The log and the files of a clone."""
        from scm.git import git  # needs Django set up

        self.say(Text.assemble(("  git clone ", "bold"), url))
        told = git("log", "--format=%h %an: %s", "--shortstat", folder=clone / ".git").decode()
        for line in told.splitlines():
            if line.strip():
                self.say(f"    {line.strip()}")
        files = git("ls-files", folder=clone / ".git").decode().splitlines()
        self._console.print(Padding(_tree(files), (0, 0, 0, 4), expand=False))

    def entity(self, entity: Mapping[str, Any], components: int) -> None:
        """The catalog's entry, its owner and relations."""
        metadata, spec = entity["metadata"], entity["spec"]
        self.say()
        self.say(
            Text.assemble(("  In the catalog ", "bold"), f"{ref_of(entity)}, one of {components} components")
        )
        self.say(f"    {metadata.get('description', '')}")
        facts = [("type", spec.get("type")), ("lifecycle", spec.get("lifecycle"))]
        relations = [(relation["type"], relation["targetRef"]) for relation in entity.get("relations", [])]
        for name, value in [*facts, *relations]:
            self.say(Text.assemble((f"    {name:<15}", "dim"), str(value)))

    def log_of_failure(self, ended: Ended) -> None:
        """The log of the step that failed."""
        self.say()
        self.say(Text(f"  The log of the step {ended.failed_step or '?'}:", style="bold red"))
        for line in ended.log.get(ended.failed_step, []):
            self.say(f"    {line}")

    def where_to_look(self, found: env.Environment, name: str, clone_url: str) -> None:
        """What a person can do next, each line to be copied as it is."""
        url = f"http://127.0.0.1:{found.port}"
        token = shlex.quote(short(found.data / "demo-token"))
        password = shlex.quote(short(found.data / "admin-password"))
        self.chapter("Go on", f"the story took {time.monotonic() - self._began:.1f} seconds")
        entries = {
            "In a browser": f"{url}/admin/",
            "  sign in as": f"admin, with the password that `cat {password}` shows",
            "Over REST": f'curl -H "Authorization: Bearer $(cat {token})" \\\n'
            f"  {url}/api/catalog/entities/by-name/component/default/{name}",
            "With git": f'git -c http.extraHeader="Authorization: Bearer $(cat {token})" \\\n'
            f"  clone {clone_url}",
            "On the command line": f"export GREENROOM_TOKEN=$(cat {token}) GREENROOM_URL={url}\n"
            f"{command()} catalog list --kind component\n"
            f"{command()} scaffold run python-service -p name=my-service \\\n"
            "  -p description='My first service' -p owner=tracking-team \\\n"
            "  -p 'repoUrl=local?owner=acme&repo=my-service' --follow",
            "The servers' log": short(found.data / "logs" / "greenroom.log"),
        }
        for title, text in entries.items():
            for number, line in enumerate(text.splitlines()):
                self.say(Text.assemble((f"  {'' if number else title:<21}", "dim"), line))

    def serving(self) -> None:
        """The last line: it goes on."""
        self.say()
        self.say("Greenroom serves until Ctrl-C.")


def _tree(files: list[str]) -> Tree:
    shown = Tree("", guide_style="dim", hide_root=True)
    branches: dict[tuple[str, ...], Tree] = {(): shown}
    for file in sorted(files):
        parts = tuple(file.split("/"))
        for depth in range(1, len(parts) + 1):
            place = parts[:depth]
            if place in branches or depth > FOLDERS_OPENED:
                continue
            below = sum(1 for other in files if other.startswith("/".join(place) + "/"))
            closed = (
                f"/  ({below} file{'s' * (below > 1)})"
                if below and depth == FOLDERS_OPENED
                else "/" * bool(below)
            )
            branches[place] = branches[place[:-1]].add(Text(parts[depth - 1] + closed))
    return shown
