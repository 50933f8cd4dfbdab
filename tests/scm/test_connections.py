"""Which code hosts the settings mean, and how wrong settings are told without their secrets."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django.fixtures import Settings

from scm.connections import App, Connection, configured

FILE = """
hosts:
  - type: github
    token: {env: HUB_TOKEN}
    webhookSecrets: [{env: HOOK_NEW}, {env: HOOK_OLD}]
  - type: github
    url: https://github.acme.example/
    app: {id: 12, privateKey: {file: KEY}}
    ca: /etc/ssl/acme.pem
  - type: gitlab
    url: https://acme.example/gitlab
    name: gitlab
    proxy: http://proxy.acme.example:3128
"""


@pytest.fixture
def write(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    for name, value in (("HUB_TOKEN", "hub-secret"), ("HOOK_NEW", "new"), ("HOOK_OLD", "old")):
        monkeypatch.setenv(name, value)
    (tmp_path / "key.pem").write_text("PEM\n")

    def put(text: str) -> None:
        (tmp_path / "hosts.yaml").write_text(text.replace("KEY", str(tmp_path / "key.pem")))
        settings.GREENROOM_CODE_HOSTS = str(tmp_path / "hosts.yaml")

    return put


def test_nothing_is_configured_by_default() -> None:
    assert configured() == []


def test_one_of_each_by_variables(settings: Settings) -> None:
    settings.GREENROOM_GITHUB_TOKEN = "t1"
    settings.GREENROOM_GITLAB_URL = "https://git.acme.example"
    settings.GREENROOM_GITLAB_WEBHOOK_SECRET = "s"
    assert configured() == [
        Connection("github", "github.com", "https://github.com", "https://api.github.com", "t1"),
        Connection(
            "gitlab",
            "git.acme.example",
            "https://git.acme.example",
            "https://git.acme.example",
            webhook_secrets=("s",),
        ),
    ]


def test_several_by_a_file_that_holds_no_secret(write) -> None:  # type: ignore[no-untyped-def]
    write(FILE)
    hub, enterprise, lab = configured()
    assert (hub.name, hub.token, hub.webhook_secrets) == ("github.com", "hub-secret", ("new", "old"))
    assert (enterprise.api, enterprise.app, enterprise.ca) == (
        "https://github.acme.example/api/v3",
        App("12", "PEM"),
        "/etc/ssl/acme.pem",
    )
    assert (lab.name, lab.url, lab.proxy) == (
        "gitlab",
        "https://acme.example/gitlab",
        "http://proxy.acme.example:3128",
    )
    assert "hub-secret" not in repr(hub)
    assert "PEM" not in repr(enterprise)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("hosts: [{type: github, token: ghp_canary}]", "hosts.0.token: a secret does not stand here"),
        ("hosts: [{type: github, token: {env: ABSENT}}]", "the variable ABSENT is not set"),
        ("hosts: [{type: github, token: {file: /none}}]", "/none: No such file"),
        ("hosts: [{type: svn}]", "hosts.0.type"),
        ("hosts: [{type: github, tokne: x}]", "tokne"),
        ("hosts: [{type: github, url: 'ftp://x'}]", "write it like https://"),
        ("hosts: [{type: github, url: 'https://u:canary@x'}]", "not the address"),
        ("hosts: [{type: gitlab, app: {id: 1, privateKey: {env: HUB_TOKEN}}}]", "an App on GitHub only"),
        ("hosts: [{type: github}, {type: github}]", "'github.com' is configured twice"),
        ("hosts: {", "not YAML in line"),
        ("[]", "the file"),
    ],
)
def test_what_is_wrong_is_named_without_secrets(write, text: str, told: str) -> None:  # type: ignore[no-untyped-def]
    write(text)
    with pytest.raises(ImproperlyConfigured, match=told.replace(".", r"\.").replace("(", r"\(")) as caught:
        configured()
    assert "canary" not in str(caught.value)
