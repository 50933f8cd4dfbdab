"""The cookiecutter and the skeleton make the same repository."""

from typing import Any

import pytest

from tests.golden_paths.answers import AWKWARD_DESCRIPTIONS, AWKWARD_OWNERS, GOOD, LEAST
from tests.golden_paths.making import make, tree
from tests.golden_paths.twin import COOKIECUTTER, MADE_FOLDER, expected_files

# All that may differ, and what it says in each.
SOURCE = {
    "python-service": "    backstage.io/source-template: template:default/python-service\n",
    "python-service-cookiecutter": "    backstage.io/source-template: template:default/python-service-cookiecutter\n",
}


def test_the_cookiecutter_is_the_translated_skeleton() -> None:
    assert tree(COOKIECUTTER / MADE_FOLDER) == {
        path: text.encode() for path, text in expected_files().items()
    }, "run `python -m tests.golden_paths.twin` and commit"


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(GOOD, id="good"),
        pytest.param(LEAST, id="least"),
        pytest.param(GOOD | {"repoUrl": "github.com?owner=acme&repo=other"}, id="github"),
        pytest.param(GOOD | {"repoUrl": "gitlab.com?owner=acme%2Fsub&repo=other"}, id="gitlab"),
        *(
            pytest.param(GOOD | {"name": name, "description": text, "owner": owner}, id=name)
            for name, text, owner in zip(
                ["1", "class", "payments-service", "1" + "-y" * 31],
                [
                    "\n\n".join(AWKWARD_DESCRIPTIONS[:6]),
                    "\n".join(AWKWARD_DESCRIPTIONS[6:-1]),
                    *AWKWARD_DESCRIPTIONS[3:5],
                ],
                AWKWARD_OWNERS,
                strict=False,
            )
        ),
    ],
)
def test_both_make_the_same_repository(answers: dict[str, Any], tmp_path: Any) -> None:
    made = {path: tree(make(path, answers, tmp_path / path)) for path in SOURCE}
    for path, line in SOURCE.items():
        entry = made[path]["catalog-info.yaml"].decode()
        assert entry.count(line) == 1
        made[path]["catalog-info.yaml"] = entry.replace(line, "").encode()
    one, other = made.values()
    assert one.keys() == other.keys()
    assert {file for file in one if one[file] != other[file]} == set()
