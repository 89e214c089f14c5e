"""Whose MLflow answers."""

from pathlib import Path

from training.registry.installation import Installation, draw_installation, keep_installation, read_installation

URI = "http://127.0.0.1:5000"


def test_an_id_is_drawn_once(tmp_path: Path) -> None:
    assert read_installation(tmp_path).identifier == ""

    drawn = draw_installation(tmp_path)
    keep_installation(drawn)

    assert len(drawn.identifier) == 16
    assert draw_installation(tmp_path) == read_installation(tmp_path) == drawn


def test_two_installations_draw_different_ids(tmp_path: Path) -> None:
    assert draw_installation(tmp_path / "a").identifier != draw_installation(tmp_path / "b").identifier


def test_a_stranger_is_named_with_its_folder_and_what_to_do(tmp_path: Path) -> None:
    ours, theirs = Installation("aa", tmp_path / "ours"), Installation("bb", Path("/srv/my shop"))

    said = ours.find_stranger(theirs.mark, URI)

    assert "VAR_DIR=/srv/my shop" in said
    assert f"VAR_DIR={tmp_path / 'ours'}" in said
    assert "make up" in said
    assert "\n" not in said


def test_an_mlflow_without_a_mark_is_a_stranger(tmp_path: Path) -> None:
    assert "marked by no installation" in Installation("aa", tmp_path).find_stranger("", URI)


def test_ours_is_ours_wherever_its_folder_was_moved(tmp_path: Path) -> None:
    assert Installation("aa", tmp_path).find_stranger("aa /elsewhere", URI) == ""


def test_an_installation_of_before_has_no_id_and_refuses_nothing(tmp_path: Path) -> None:
    assert Installation("", tmp_path).find_stranger("bb /elsewhere", URI) == ""
