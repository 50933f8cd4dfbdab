"""The environment, read once."""

import pytest

from {{ cookiecutter.__package }}.settings import Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_env({}) == Settings()


def test_every_value_can_be_set() -> None:
    env = {"HOST": "0.0.0.0", "PORT": "9000", "LOG_LEVEL": "debug", "GIT_SHA": "0123abc"}
    assert Settings.from_env(env) == Settings(host="0.0.0.0", port=9000, log_level="DEBUG", git_sha="0123abc")


def test_all_wrong_values_are_named_together() -> None:
    with pytest.raises(ValueError, match=r"PORT is '99999'.*LOG_LEVEL is 'LOUD'"):
        Settings.from_env({"PORT": "99999", "LOG_LEVEL": "loud"})
