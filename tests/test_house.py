"""The house: imports go one way, and no room is larger than one looks through."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAX_FILES = 18
"""Files of a room, ``__init__`` included; registries of like things are larger."""
REGISTRIES = {"harness/methods", "analysis/sections"}


def test_imports_go_one_way() -> None:
    """``pyproject.toml`` states the order of the rooms."""
    checked = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("package", ["harness", "analysis", "search_spaces"])
def test_rooms_are_small(package: str) -> None:
    rooms: dict[str, int] = {}
    for file in (ROOT / package).rglob("*.py"):
        room = str(file.parent.relative_to(ROOT))
        rooms[room] = rooms.get(room, 0) + 1
    assert rooms
    assert {room: count for room, count in rooms.items() if count > MAX_FILES and room not in REGISTRIES} == {}
