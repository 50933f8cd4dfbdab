"""What `greenroom up` offers: the golden paths, and the example organisation where the demo was."""

from pathlib import Path

from config.cli.serve import DEMO_TOKEN, EXAMPLE, GOLDEN_PATHS, offered


def test_the_example_stays_where_the_demo_was(tmp_path: Path) -> None:
    assert offered(tmp_path, golden_paths=True) == [GOLDEN_PATHS]
    assert offered(tmp_path, golden_paths=False) == []
    (tmp_path / DEMO_TOKEN).touch()
    assert offered(tmp_path, golden_paths=True) == [GOLDEN_PATHS, EXAMPLE]


def test_what_is_offered_is_there() -> None:
    assert GOLDEN_PATHS.is_file()
    assert EXAMPLE.is_file()
