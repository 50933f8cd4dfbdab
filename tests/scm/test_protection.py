"""Protected branches of the local host, as somebody with the real git meets them."""

from pathlib import Path

import pytest

from core.errors import InputError
from core.models import AuditEvent
from scm.errors import GitFailed, PushRefused
from scm.local import LocalHost
from scm.pushes import Command, Push, refusal
from scm.values import BranchRules
from tests.scm.conftest import ANA, NAME, Person, Token

pytestmark = pytest.mark.django_db(transaction=True)


def heads(host: LocalHost) -> dict[str, str]:
    return {branch.name: branch.sha for branch in host.branches(NAME)}


def test_git_says_why_a_direct_push_is_refused(person: Person, repository: LocalHost) -> None:
    repository.protect_branch(NAME, "main", BranchRules(approvals=2))
    before = heads(repository)
    sha = person.commit("a", b"1")
    with pytest.raises(GitFailed) as caught:
        person.git("push", "origin", "main", "main:other")
    said = str(caught.value)
    assert "remote: branch 'main' of 'acme/payments' is protected" in said
    assert "open a pull request" in said
    assert "[remote rejected] main -> main (refused by branch rules)" in said
    assert heads(repository) == before  # the other branch is not pushed either: all or nothing
    person.git("push", "--quiet", "origin", "main:other")
    assert heads(repository) == before | {"other": sha}


def test_a_branch_without_reviews_is_still_not_rewound_nor_deleted(
    person: Person, repository: LocalHost
) -> None:
    first = person.git("rev-parse", "HEAD").strip()
    person.git("push", "--quiet", "origin", "main:release")
    repository.protect_branch(NAME, "release", BranchRules())
    second = person.commit("a", b"1")
    person.git("push", "--quiet", "origin", "main:release")
    with pytest.raises(GitFailed, match="non-fast-forward"):
        person.git("push", "--force", "origin", f"+{first}:refs/heads/release")
    with pytest.raises(GitFailed, match="protected and is not deleted"):
        person.git("push", "origin", ":release")
    assert heads(repository)["release"] == second


@pytest.mark.parametrize(("enforced", "passes"), [(True, False), (False, True)])
def test_administrators_are_bound_when_the_rules_say_so(
    person: Person, repository: LocalHost, token: Token, tmp_path: Path, enforced: bool, passes: bool
) -> None:
    repository.protect_branch(NAME, "main", BranchRules(approvals=1, enforce_admins=enforced))
    admin = Person(person.url, token("admin"), tmp_path / "admin")
    admin.get()
    admin.commit("a", b"1")
    before = heads(repository)
    if passes:
        admin.git("push", "--quiet", "origin", "main")
    else:
        with pytest.raises(GitFailed, match="protected"):
            admin.git("push", "--quiet", "origin", "main")
    assert (heads(repository) != before) is passes
    person.git("fetch", "--quiet", "origin")
    person.git("reset", "--quiet", "--hard", "origin/main")
    person.commit("b", b"1")
    with pytest.raises(GitFailed, match="protected"):
        person.git("push", "origin", "main")  # a developer is bound in any case
    if passes:  # and administrators do not rewind either
        with pytest.raises(GitFailed, match="non-fast-forward"):
            admin.git("push", "--force", "origin", f"+{before['main']}:refs/heads/main")


def test_greenroom_itself_is_bound_as_an_administrator(repository: LocalHost, files: Path) -> None:
    repository.protect_branch(NAME, "main", BranchRules(code_owner_reviews=True))
    (files / "a").write_text("1")
    with pytest.raises(PushRefused, match="agreed on"):
        repository.push_tree(NAME, files, branch="main", message="m", author=ANA)
    (files / "a").unlink()
    unchanged = repository.push_tree(NAME, files, branch="main", message="m", author=ANA)
    assert unchanged == heads(repository)["main"]
    repository.protect_branch(NAME, "main", BranchRules(code_owner_reviews=True, enforce_admins=False))
    (files / "a").write_text("1")
    repository.push_tree(NAME, files, branch="main", message="m", author=ANA)
    repository.unprotect_branch(NAME, "main")
    verbs = AuditEvent.objects.filter(target_type="scm.localbranchrules").order_by("id")
    assert list(verbs.values_list("verb", flat=True)) == ["protected", "protected", "unprotected"]


def test_all_rules_are_kept_and_told(repository: LocalHost) -> None:
    rules = BranchRules(approvals=2, checks=("ci", "lint"), up_to_date=False, signed_commits=True)
    repository.protect_branch(NAME, "main", rules)
    assert repository.branch_rules(NAME, "main") == rules
    with pytest.raises(InputError, match="branch"):
        repository.protect_branch(NAME, "../x", rules)


def test_a_client_without_sidebands_is_told_too() -> None:
    command = Command("refs/heads/main", "1" * 40, "2" * 40)
    plain = refusal(Push((command,), frozenset({"report-status"})), ["why"])
    assert plain == b"000eunpack ok\n002fng refs/heads/main refused by branch rules\n0000"
    assert refusal(Push((command,), frozenset()), ["why"]) == b"0000"
