"""`greenroom token` and `createadmin`: they act on the database, and print nothing but the secret."""

import json
from collections.abc import Callable

import pytest
from django.contrib.auth import authenticate as sign_in

from config.cli import main
from config.cli.tokens import ROLES
from core.models import AuditEvent
from identity.models import ServiceToken
from identity.roles import ROLES as KNOWN
from identity.tokens import authenticate

pytestmark = pytest.mark.django_db(transaction=True)  # the commands close their connection


@pytest.fixture
def greenroom(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run a command: exit status, standard output, standard error."""

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(words)
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def test_a_token_from_its_making_to_its_end(greenroom: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = greenroom("token", "create", "ci", "--role", "viewer", "--acts-for", "user:default/ana")
    secret = out.removesuffix("\n")
    assert status == 0
    assert "\n" not in secret
    assert authenticate(secret).entity_ref == "user:default/ana"
    assert AuditEvent.objects.get(verb="created").actor == "system:command-line"

    status, out, err = greenroom("token", "list", "--json")
    assert [row["name"] for row in json.loads(out)] == ["ci"]
    assert secret not in out + err

    status, out, err = greenroom("token", "create", "ci", "--role", "viewer")
    assert (status, out) == (1, "")
    assert "revoke it first" in err

    assert greenroom("token", "revoke", "ci")[0] == 0
    assert not ServiceToken.objects.live().exists()
    assert greenroom("token", "list", "--json")[1] == "[]\n"
    assert greenroom("token", "revoke", "ci")[0] == 1


def test_a_token_for_a_part_of_the_entities(greenroom: Callable[..., tuple[int, str, str]]) -> None:
    owned = {"rule": "IS_ENTITY_OWNER", "params": {"claims": ["group:default/mine"]}}
    words = ("token", "create", "ci", "--role", "viewer", "--condition")
    status, out, _ = greenroom(*words, f"catalog.entity.read={json.dumps(owned)}")
    assert status == 0
    assert authenticate(out.strip()).conditions == {"catalog.entity.read": owned}
    assert json.loads(greenroom("token", "list", "--json")[1])[0]["conditions"] == {
        "catalog.entity.read": owned
    }
    for wrong, said in (
        ("catalog.entity.read", "expected PERMISSION=JSON"),
        ("catalog.entity.read={", "is not JSON"),
        ('catalog.entity.read={"rule": "NICE"}', "criteria.rule is 'NICE'"),
    ):
        status, out, err = greenroom(*words, wrong)
        assert status != 0
        assert out == ""
        assert said in err


def test_a_token_without_an_end(greenroom: Callable[..., tuple[int, str, str]]) -> None:
    assert greenroom("token", "create", "ci", "--scope", "catalog.entity.read", "--days", "0")[0] == 0
    token = ServiceToken.objects.get()
    assert token.expires_at is None
    assert token.scopes == ["catalog.entity.read"]


@pytest.mark.parametrize(
    "words",
    [
        ["ci"],
        ["ci", "--role", "king"],
        ["ci", "--role", "admin", "--scope", "catalog.*"],
        ["ci", "--role", "admin", "--acts-for", "ana"],
        ["ci", "--role", "admin", "--days", "-1"],
    ],
)
def test_calls_that_make_no_sense(greenroom: Callable[..., tuple[int, str, str]], words: list[str]) -> None:
    status, out, err = greenroom("token", "create", *words)
    assert (status, out) == (2, "")
    assert "Usage: greenroom token create" in err
    assert not ServiceToken.objects.exists()


def test_the_roles_are_those_of_identity() -> None:
    assert set(ROLES) == set(KNOWN)


def test_an_administrator_with_a_password_of_ours(
    greenroom: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    status, out, _ = greenroom("createadmin", "--username", "root")
    assert status == 0
    found = sign_in(username="root", password=out.removesuffix("\n"))
    assert found is not None
    assert found.is_staff

    monkeypatch.setenv("GREENROOM_ADMIN_PASSWORD", "12345")
    status, out, err = greenroom("createadmin", "--username", "root")
    assert (status, out) == (2, "")
    assert "too short" in err
    monkeypatch.setenv("GREENROOM_ADMIN_PASSWORD", "a-fine-long-password")
    assert greenroom("createadmin", "--username", "root")[:2] == (0, "")
    assert sign_in(username="root", password="a-fine-long-password") is not None
