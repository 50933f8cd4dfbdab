"""Bare repositories that stand for those of `emulate`: what one side has and the other lacks is carried over.

Objects have the same ids on both sides, or what was asked for fails and `Mirrors.unequal` says so.
"""

import base64
import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from scm.bare import ABSENT
from scm.export import SUBMODULE
from scm.fakes import objects
from scm.fakes.repository import FakeRepository
from scm.fakes.state import State
from scm.git import git
from tests.contracts.worlds import Emulate

MOVES = "/-/moves"
"""Where the `update` hooks ask, with a repository's number and what git tells them: ref, old and new commit."""
_HEADS = "refs/heads/"
_ASKING = """
import http.client, sys
door = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
door.request("POST", sys.argv[2], " ".join(sys.argv[3:]))
answer = door.getresponse()
if answer.status != 204:
    sys.exit(answer.read().decode())
"""
_IDENTITY = re.compile(r"(.*) <(.*)> (\d+) ([+-]\d{4})")


class NotTakenError(Exception):
    """Emulate does not take what git was given; its words are the argument."""


@dataclass
class Mirrors(State):
    """The bare repositories that stand for those of emulate, by emulate's numbers; made when git first asks."""

    emulate: Emulate = field(kw_only=True)
    port: int = field(kw_only=True)
    """Where the `update` hooks ask."""
    pushers: dict[int, str] = field(default_factory=dict)
    """Whose token the last push to a repository came with."""
    unequal: list[str] = field(default_factory=list)
    """What has another id in emulate than in git: empty, unless one of the two or what is here is wrong."""
    carried: set[tuple[int, str]] = field(default_factory=set)
    """Blobs that a repository of emulate's has: number and id."""

    def named(self, full_name: str) -> FakeRepository | None:
        """Emulate's repository, its bare one brought to where emulate is."""
        owner, _, name = full_name.partition("/")
        answer = self.emulate.ask("GET", f"/repos/{full_name}", by=owner)
        if not answer.ok:
            return None
        number, default = answer.json()["id"], answer.json()["default_branch"]
        if (known := self.repositories.get(str(number))) is None:
            place = self.folder / f"{number}.git"
            known = FakeRepository(number, owner, name, place, default_branch=default)
            self.repositories[str(number)] = known
            self._hook(known)
        _Fetch(self, known).refs(default)
        return known

    def move(self, number: str, ref: str, old: str, new: str) -> None:
        """Move a branch in emulate as git is about to; NotTakenError with emulate's words."""
        _Push(self, self.repositories[number]).move(ref, old, new)

    def same(self, kind: str, ours: str, theirs: str) -> None:
        if ours != theirs:
            self.unequal.append(f"{kind} {ours} is {theirs} on the other side")
            raise NotTakenError(self.unequal[-1])

    def _hook(self, one: FakeRepository) -> None:
        hook = one.bare.folder / "hooks" / "update"
        hook.parent.mkdir(exist_ok=True)
        asking = shlex.join([sys.executable, "-IS", "-c", _ASKING, str(self.port), MOVES, str(one.id)])
        hook.write_text(f'#!/bin/sh\nexec {asking} "$@"\n')
        hook.chmod(0o755)


class _Translation:
    """One repository of emulate's, and its bare one."""

    def __init__(self, mirrors: Mirrors, one: FakeRepository) -> None:
        self.mirrors, self.one, self.bare = mirrors, one, one.bare

    def ask(self, method: str, path: str, *, by: str = "", **body: object) -> Any:
        at = f"/repos/{self.one.full_name}/git/{path}"
        answer = self.mirrors.emulate.ask(method, at, by=by or self.one.owner, **body)
        if not answer.ok:
            raise NotTakenError(str(answer.json().get("message")))
        return answer.json() if answer.content else None


class _Fetch(_Translation):
    """From emulate into git."""

    def refs(self, default_branch: str) -> None:
        theirs = {
            one["ref"].removeprefix(_HEADS): one["object"]["sha"]
            for one in self.ask("GET", "matching-refs/heads/")
        }
        ours = self.one.heads
        lines = [f"delete {_HEADS}{branch}\n" for branch in ours.keys() - theirs.keys()]
        for branch in (branch for branch, sha in theirs.items() if ours.get(branch) != sha):
            self.commit(theirs[branch])
            lines.append(f"update {_HEADS}{branch} {theirs[branch]}\n")
        if lines:
            git("update-ref", "--stdin", folder=self.bare.folder, stdin="".join(lines).encode())
        if self.one.default_branch != default_branch:
            self.one.default_branch = default_branch
            (self.bare.folder / "HEAD").write_text(f"ref: {_HEADS}{default_branch}\n")

    def commit(self, sha: str) -> None:
        if self.bare.kind_at(sha, "") == "tree":
            return
        told = self.ask("GET", f"commits/{sha}")
        for parent in told["parents"]:
            self.commit(parent["sha"])
        self.tree(told["tree"]["sha"])
        lines = [f"tree {told['tree']['sha']}", *(f"parent {parent['sha']}" for parent in told["parents"])]
        lines += [f"{role} {_identity(told[role])}" for role in ("author", "committer")]
        text = "\n".join([*lines, "", told["message"].removesuffix("\n"), ""])
        self.made("commit", sha, "hash-object", "-t", "commit", "-w", "--stdin", stdin=text.encode())

    def tree(self, sha: str) -> None:
        if self.bare.kind_at(sha, "") == "tree":
            return
        lines = []
        for entry in self.ask("GET", f"trees/{sha}")["tree"]:
            match entry["type"]:
                case "tree":
                    self.tree(entry["sha"])
                case "blob":
                    content = base64.b64decode(self.ask("GET", f"blobs/{entry['sha']}")["content"])
                    self.made("blob", entry["sha"], "hash-object", "-w", "--stdin", stdin=content)
            lines.append(f"{entry['mode']} {entry['type']} {entry['sha']}\t{entry['path']}\0")
        self.made("tree", sha, "mktree", "-z", stdin="".join(lines).encode())

    def made(self, kind: str, sha: str, *arguments: str, stdin: bytes) -> None:
        ours = git(*arguments, folder=self.bare.folder, stdin=stdin).decode().strip()
        self.mirrors.same(kind, ours, sha)


class _Push(_Translation):
    """From git into emulate, as whoever pushes."""

    def move(self, ref: str, old: str, new: str) -> None:
        if not ref.startswith(_HEADS):
            raise NotTakenError(f"{ref}: only branches are carried to emulate")
        branch = ref.removeprefix(_HEADS)
        if self.one.heads.get(branch, ABSENT) != old:
            return  # what git is about to say itself
        place = f"refs/heads/{quote(branch)}"
        if new == ABSENT:
            self.say("DELETE", place)
            return
        known = [f"^{sha}" for sha in self.one.heads.values()]
        listed = git("rev-list", "--reverse", "--topo-order", new, *known, "--", folder=self.bare.folder)
        for sha in listed.decode().split():
            self.commit(sha)
        if old == ABSENT:
            self.say("POST", "refs", ref=ref, sha=new)
        else:
            self.say("PATCH", place, sha=new, force=not self.bare.contains(new, old))

    def commit(self, sha: str) -> None:
        raw = git("cat-file", "commit", sha, folder=self.bare.folder).decode()
        headers, _, message = raw.partition("\n\n")
        facts = [line.partition(" ")[::2] for line in headers.splitlines()]
        told = dict(facts)
        made = self.say(
            "POST",
            "commits",
            message=message,
            tree=self.tree(sha, told["tree"]),
            parents=[value for name, value in facts if name == "parent"],
            author=_person(told["author"]),
            committer=_person(told["committer"]),
        )
        self.mirrors.same("commit", sha, made["sha"])

    def tree(self, commit: str, sha: str) -> str:
        entries = self.bare.entries(commit)
        blobs = [entry.oid for entry in entries if entry.mode != SUBMODULE]
        new = [oid for oid in dict.fromkeys(blobs) if (self.one.id, oid) not in self.mirrors.carried]
        for oid, content in zip(new, objects.read_blobs(self.bare.folder, new), strict=True):
            made = self.say("POST", "blobs", content=base64.b64encode(content).decode(), encoding="base64")
            self.mirrors.same("blob", oid, made["sha"])
            self.mirrors.carried.add((self.one.id, oid))
        kinds = {SUBMODULE: "commit"}
        listed = [
            {"path": one.path, "mode": one.mode, "type": kinds.get(one.mode, "blob"), "sha": one.oid}
            for one in entries
        ]
        made = self.say("POST", "trees", tree=listed)
        self.mirrors.same("tree", sha, made["sha"])
        return sha

    def say(self, method: str, path: str, **body: object) -> Any:
        return self.ask(method, path, by=self.mirrors.pushers[self.one.id], **body)


def _identity(told: Mapping[str, str]) -> str:
    """A person and a time as git writes them."""
    when = datetime.fromisoformat(told["date"])
    return (
        f"{told['name']} <{told['email']}> {int(when.timestamp())} {when.astimezone(when.tzinfo or UTC):%z}"
    )


def _person(line: str) -> dict[str, str]:
    """A person and a time as the API takes them."""
    found = _IDENTITY.fullmatch(line)
    if found is None:
        raise NotTakenError(f"{line!r} is no identity that the API can say")
    name, email, seconds, zone = found.groups()
    when = datetime.fromtimestamp(int(seconds), datetime.strptime(zone, "%z").tzinfo)
    return {"name": name, "email": email, "date": when.isoformat()}
