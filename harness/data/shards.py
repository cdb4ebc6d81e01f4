"""Complete sets of Parquet files that form one split, in a single layout."""

import re
from collections.abc import Sequence
from pathlib import Path

from harness.common.errors import UserError

SHARD = re.compile(r"(?P<stem>.*?-)??(?P<number>\d+)(-of-(?P<count>\d+))?(-[0-9a-f]+)?\.parquet")
"""Names of files on the hub, such as ``train-00000-of-00004.parquet``, some with a hash.
Files that the hub converts have names such as ``0000.parquet``.
"""
SHOWN = 4
"""Largest number of files in a message."""


def split_files(folder: Path, patterns: Sequence[str], *, whole: bool = True) -> list[Path]:
    """The sorted files of a split, from the first pattern that matches files; empty if no pattern matches.

    Raises ``UserError`` with the files' names if several patterns or numberings match, several files have no number,
    or a number is missing or repeated. Numbers start at 0. Without ``whole``, the last files may be missing.
    """
    layouts = [found for pattern in patterns if (found := sorted(folder.glob(pattern)))]
    if len(layouts) > 1:
        raise _several(folder, [files[0] for files in layouts])
    files = layouts[0] if layouts else []
    shards = {file: shard for file in files if (shard := SHARD.fullmatch(file.name))}
    if not shards:
        if len(files) > 1:  # a file of each language, for instance
            raise _several(folder, files)
        return files
    # Require one numbering: no file without a number, and one total.
    kinds = {(shard["stem"], shard["count"]): file for file, shard in reversed(shards.items())}
    others = [file for file in files if file not in shards]
    if len(kinds) > 1 or others:
        raise _several(folder, sorted([*kinds.values(), *others[:1]]))
    _check_numbers(folder, [*shards.values()], whole)
    return files


def refuse_lone_shard(file: Path) -> None:
    """Refuse a file that is a single shard of a split. The ``UserError`` names the folder to give instead."""
    shard = SHARD.fullmatch(file.name)
    if shard is not None and shard["count"] and int(shard["count"]) > 1:
        raise UserError(
            f"data: {file} is one of {int(shard['count'])} files of its split; give the folder, {file.parent}"
        )


def _check_numbers(folder: Path, shards: Sequence[re.Match[str]], whole: bool) -> None:
    """Refuse shards if a number is missing or occurs twice."""
    names: dict[int, list[str]] = {}
    for shard in shards:
        names.setdefault(int(shard["number"]), []).append(shard.string)
    if twice := next((found for found in names.values() if len(found) > 1), None):
        raise _several(folder, [folder / name for name in twice])
    count = int(shards[0]["count"]) if shards[0]["count"] and whole else max(names) + 1
    lacking = [number for number in range(count) if number not in names]
    if lacking:
        like = shards[0]
        made = [
            like.string[: like.start("number")] + f"{number:0{len(like['number'])}}" + like.string[like.end("number") :]
            for number in lacking
        ]
        raise UserError(f"data: {folder} has {like.string}, and lacks {_listed(made)}; copy all files of the split")


def _several(folder: Path, files: Sequence[Path]) -> UserError:
    names = [str(file.relative_to(folder)) for file in files]
    return UserError(f"data: {folder} has a split in several layouts, {_listed(names)}; leave the files of one layout")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
