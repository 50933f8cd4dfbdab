"""Is our fake GitHub honest? Prism stands between, with GitHub's own description, and looks at each request and answer."""

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scm import registry
from scm.fakes.github import FakeGitHub
from scm.github.host import GitHubHost
from scm.values import Author, RepositoryName
from tests import npm
from tests.contracts.worlds import on_github
from tests.scaffolder.github.conftest import NAME, Publisher
from tests.scaffolder.github.test_parts import GIVEN
from tests.scaffolder.github.test_publish import EVERYTHING

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.live,
    pytest.mark.node,
    pytest.mark.skipif(
        not os.environ.get("GREENROOM_LIVE"),
        reason="half a gigabyte of npm packages and a minute and a half: `make live` does it",
    ),
]

DESCRIPTION, PRISM = "23.0.2", "5.16.0"
_ASKED = re.compile(
    r"^/(repos/\{owner\}/\{repo\}|orgs/\{org\}/(repos$|teams/\{team_slug\})|users?(/\{username\}|/repos|/orgs)?$)"
)
_STATUS = "Unable to match the returned status code"
_VIOLATION = re.compile(r"violation|✖|did not match|unable to match", re.IGNORECASE)


SITE = {"buildType": "legacy", "sourceBranch": "trunk"}


@contextmanager
def prism(config: pytest.Config, upstream: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Prism as a proxy before `upstream`, with the part of the description that we ask for: its address and its log."""
    whole = npm.package(config, "@octokit/openapi", DESCRIPTION) / "generated" / "api.github.com.json"
    program = npm.package(config, "@stoplight/prism-cli", PRISM) / "dist" / "index.js"
    description = json.loads(whole.read_text())
    description["paths"] = {path: one for path, one in description["paths"].items() if _ASKED.match(path)}
    description["servers"] = [{"url": "/"}]
    part, log = folder / "github.json", folder / "prism.log"
    part.write_text(json.dumps(description))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [npm.node(20), program, "proxy", part, upstream, "-p", str(port), "-h", "127.0.0.1"]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        try:
            deadline = time.monotonic() + 90
            while "is listening" not in log.read_text():
                assert process.poll() is None, log.read_text()[-2000:]
                assert time.monotonic() < deadline
                time.sleep(0.1)  # a process of Node's that says in its log when it is ready
            yield f"http://127.0.0.1:{port}", log
        finally:
            process.terminate()


def violations(log: Path) -> list[str]:
    """What prism found. That a thing is not there (404) is not in the description of many doors, and is no fault."""
    found, absent = [], False
    for line in log.read_text().partition("is listening")[2].splitlines():
        absent = "has returned 404" in line or (absent and "Request received" not in line)
        if _VIOLATION.search(line) and not (absent and _STATUS in line):
            found.append(line)
    return found


def test_what_we_ask_and_what_the_fake_answers_is_as_github_describes_it(
    publisher: Publisher, hub: FakeGitHub, pytestconfig: pytest.Config, tmp_path: Path
) -> None:
    hub.known_properties = {"tier"}
    with prism(pytestconfig, hub.api, tmp_path) as (api, log):
        host = GitHubHost(replace(on_github(hub), api=api))
        registry.forget(host.host)
        registry.register(host)
        publisher.done("publish:github", **EVERYTHING)
        publisher.done("github:repo:create", repoUrl="github.test?owner=acme&repo=other", autoInit=True)
        hub.facts(NAME).workflows = {"build.yaml"}
        other = {"repoUrl": "github.test?owner=acme&repo=other"}
        changed = {"github:pages:enable": SITE, "github:branch-protection:create": other}
        given_: dict[str, dict[str, Any]] = {**GIVEN, **changed}
        runs = [publisher.run(action, **given) for action, given in given_.items()]
        runs.append(
            publisher.run(
                "github:environment:create",
                name="staging",
                deploymentBranchPolicy={"protected_branches": False, "custom_branch_policies": True},
                customBranchPolicyNames=["main"],
                environmentVariables={"REGION": "eu"},
                secrets={"TOKEN": "x"},
                reviewers=["user:default/ana", "group:default/platform"],
                waitTimer=5,
            )
        )
        proposal = {"branchName": "add", "title": "Add", "description": "Words.", "targetBranchName": "trunk"}
        people = {"reviewers": ["ana"], "teamReviewers": ["platform"], "assignees": ["bo"], "draft": True}
        runs.append(publisher.run("publish:github:pull-request", **proposal, **people, files={"new": "1"}))
        forked = {**proposal, "branchName": "forked", "forceFork": True}
        runs.append(publisher.run("publish:github:pull-request", **forked, files={"newer": "1"}))
        dispatch = {"workflowId": "build.yaml", "branchOrTagName": "trunk", "returnWorkflowRunDetails": True}
        publisher.done("github:actions:dispatch", **dispatch)
        publisher.done("github:issues:label", number=1, labels=["more"])
        for run_id in runs:
            assert publisher.workshop.task(run_id)["status"] == "completed", publisher.workshop.messages(
                run_id
            )
        _read_and_merge(host, tmp_path)
        for run_id in reversed(runs):
            publisher.undo(run_id)
        host.delete_repository(
            RepositoryName("acme", "other"), repository_id=str(hub.state.repositories["acme/other"].id)
        )
        assert len(log.read_text().splitlines()) > 200, "nothing went through prism"
        assert violations(log) == []


def _read_and_merge(host: GitHubHost, folder: Path) -> None:
    name, work = RepositoryName("acme", "other"), folder / "work"
    work.mkdir()
    (work / "a.txt").write_text("1\n")
    sha = host.push_changes(
        name, work, branch="feature/x", message="Add", author=Author("Ana", "a@example.org")
    )
    assert host.read_file(name, "feature/x", "a.txt") == b"1\n"
    assert host.list_files(name, sha) == ["README.md", "a.txt"]
    assert {one.name for one in host.branches(name)} == {"main", "feature/x"}
    pull = host.open_pull_request(
        name, title="t", body="", source_branch="feature/x", target_branch="main", author="ana"
    )
    assert host.branch_rules(name, "feature/x") is None
    assert host.branch_rules(name, "main") is not None
    host.edit_pull_request(name, pull.number, title="Better", body="Words")
    host.merge_pull_request(name, pull.number, by=Author("Ana", "a@example.org"))
    assert [one.name.name for one in host.repositories("acme")] == ["other", "payments"]
    assert (host.me().path, [one.path for one in host.owners()]) == ("greenroom-bot", ["acme"])
    assert name in [one.name for one in host.own_repositories()]
