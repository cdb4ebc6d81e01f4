"""``replacing`` writes a file or folder completely or not at all."""

from pathlib import Path

import pytest

from harness.common.filesystem import replacing


def test_the_new_content_takes_the_place_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    target.write_text("old")
    with replacing(target) as part:
        part.write_text("new")
        assert target.read_text() == "old"
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.json", "new")]


def test_an_exception_leaves_the_old_content_alone(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    target.write_text("old")

    def write() -> None:
        with replacing(target) as part:
            part.write_text("ne")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("a.json", "old")]


def test_a_folder_that_a_killed_writer_left_goes_first(tmp_path: Path) -> None:
    left = tmp_path / "a.part"
    left.mkdir()
    (left / "half").touch()
    with replacing(tmp_path / "a", left) as part:
        part.mkdir()
        (part / "whole").touch()
    assert [file.name for file in tmp_path.rglob("*")] == ["a", "whole"]
