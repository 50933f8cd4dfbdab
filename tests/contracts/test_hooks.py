"""What every code host with webhooks does alike."""

import pytest

from core.errors import InputError
from scm.port import Hooks
from tests.contracts.writing import WritingWorld

pytestmark = pytest.mark.django_db(transaction=True)

URL = "https://ci.example.com/hook"


def test_a_hook_is_added_changed_and_removed(writing: WritingWorld) -> None:
    if not isinstance(writing.host, Hooks):
        pytest.skip("tells nobody")
    host, name, (push, pulls) = writing.host, writing.name, writing.events
    writing.create()
    assert host.hooks(name) == []
    for _ in range(2):
        made = host.add_hook(name, URL, events=[push], secret="canary")
        assert (made.url, made.active, set(made.events)) == (URL, True, {push})
        assert host.hooks(name) == [made]
    other = host.add_hook(name, f"{URL}/other", events=[push])
    active = not writing.pauses_hooks
    changed = host.add_hook(name, URL, events=[push, pulls], active=active)
    assert (changed.id, changed.active, set(changed.events)) == (made.id, active, {push, pulls})
    assert sorted(host.hooks(name), key=lambda one: one.url) == [changed, other]
    assert "canary" not in repr(host.hooks(name))
    for _ in range(2):
        host.remove_hook(name, made.id)
        assert host.hooks(name) == [other]


def test_a_hook_that_cannot_be_switched_off_is_not_added(writing: WritingWorld) -> None:
    if not isinstance(writing.host, Hooks) or writing.pauses_hooks:
        pytest.skip("switches hooks off")
    writing.create()
    with pytest.raises(InputError, match="active"):
        writing.host.add_hook(writing.name, URL, events=writing.events, active=False)
    assert writing.host.hooks(writing.name) == []
