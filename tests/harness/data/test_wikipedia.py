"""Text from Wikipedia, from a copy and from the stream."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from harness.common.errors import UserError
from harness.data import corpus, wikipedia
from tests.helpers.data import ORIGIN


def article(folder: Path, language: str, texts: list[str]) -> None:
    target = folder / wikipedia.configuration(language)
    target.mkdir(parents=True)
    columns = {name: [str(i) for i in range(len(texts))] for name in ("id", "url", "title")}
    pq.write_table(pa.table({**columns, "text": texts}), target / "train-00000-of-00001.parquet")


def test_a_copy_of_wikipedia_gives_the_first_paragraphs(tmp_path: Path) -> None:
    long = [f"Absatz {i}, der lang genug ist, um ein Text zu sein, und kein Titel." for i in range(5)]
    article(tmp_path, "de", ["\n\n".join([long[0], "Titel", long[1]]), "\n".join(long[2:])])
    assert corpus.passages(str(tmp_path), "de", 4, ORIGIN) == tuple(long[:4])
    with pytest.raises(UserError, match=r"fr\.txt does not exist"):
        corpus.passages(str(tmp_path), "fr", 4, ORIGIN)
    (tmp_path / wikipedia.configuration("fr")).mkdir()
    (tmp_path / wikipedia.configuration("fr") / "train-0.parquet").write_bytes(b"torn")
    with pytest.raises(UserError, match=r"text: .*20231101\.fr cannot be read"):
        corpus.passages(str(tmp_path), "fr", 4, ORIGIN)


def test_wikipedia_is_streamed_by_repository_and_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loading call on a local clone. The hub itself is out of reach, and one line says so."""
    import datasets

    article(tmp_path, "de", ["Ein Absatz, der lang genug ist, um ein Text zu sein, und kein Titel." for _ in range(9)])
    real = datasets.load_dataset
    asked = []

    def local(name: str, configuration: str, *, split: str, streaming: bool) -> datasets.IterableDataset:
        asked.append((name, configuration, split, streaming))
        return real("parquet", data_files=str(tmp_path / configuration / "*.parquet"), split=split, streaming=streaming)

    with pytest.raises(
        UserError, match=r"text: wikimedia/wikipedia \(20231101\.de\) could not be read from the Hugging Face hub"
    ):
        wikipedia.streamed("de", 3)
    monkeypatch.setattr(datasets, "load_dataset", local)
    assert len(wikipedia.streamed("de", 3)) == 3
    assert asked == [("wikimedia/wikipedia", "20231101.de", "train", True)]
