"""The Fisher diagonal against gradients taken one example at a time, its text, and its cache."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file, save_file

from harness import corpus, diagonal, embedded, encoders, fisher, models, wikipedia
from harness.data import Origin
from harness.encoders import Encoder
from harness.errors import UserError
from harness.estimate import Estimate
from harness.masking import WINDOW, Window, windows
from harness.methods import Ewc
from harness.penalty import Penalty, Term
from harness.study import TrialConfig
from tests.conftest import SHORT

ORIGIN = Origin("udpos", "embedded")
EXAMPLES = 5


def requested(language: str = "de", examples: int = 2, encoder: str = "embedded", **options: object) -> fisher.Request:
    estimate = Estimate(languages=(language,), examples=examples, **options)  # type: ignore[arg-type]
    return fisher.request(encoders.find(encoder), estimate, ORIGIN, corpus.fingerprints(estimate, ORIGIN))


def reference(model: torch.nn.Module, window: Window, estimator: str) -> torch.Tensor:
    """The log-likelihood of one window by the whole model, token by token, in float64."""
    log_p = model(input_ids=window.ids[None], attention_mask=torch.ones(1, len(window.ids))).logits[0].double().log_softmax(-1)
    total = torch.zeros((), dtype=torch.float64)
    for place, observed, draw in zip(window.masked.tolist(), window.observed.tolist(), window.draws.tolist(), strict=True):
        cumulated = log_p[place].detach().exp().cumsum(0)
        total = total + log_p[place, observed if estimator == "empirical" else int((cumulated < draw * cumulated[-1]).sum())]
    return total


@pytest.mark.parametrize("text", ["embedded", "task"])
@pytest.mark.parametrize("estimator", ["empirical", "sampled"])
def test_diagonal_is_the_mean_of_squared_gradients_of_each_example(estimator: str, text: str) -> None:
    encoder = encoders.find("embedded")
    model = models.masked_language_model(encoder)
    examples = windows(encoder, Estimate(languages=("hi",), examples=EXAMPLES, text=text), ORIGIN)
    assert len({len(window.ids) for window in examples}) > 1  # so that there is padding
    found = diagonal.diagonal(model, examples, estimator)
    names, parameters = zip(*model.base_model.named_parameters(), strict=True)
    expected = [torch.zeros_like(p) for p in parameters]
    summed = [torch.zeros_like(p) for p in parameters]
    for window in (window for window in examples if len(window.masked)):
        for i, gradient in enumerate(torch.autograd.grad(reference(model, window, estimator), parameters, allow_unused=True)):
            if gradient is not None:
                expected[i] += gradient**2 / EXAMPLES
                summed[i] += gradient / EXAMPLES
    largest = max(float(value.max()) for value in expected)
    for name, value in zip(names, expected, strict=True):
        # Key biases have no gradient but rounding: softmax does not see them.
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-9 * largest, msg=lambda text, name=name: f"{name}: {text}")
    # The square of the mean gradient, a known mistake, is another number.
    wrong = sum(float((s**2).sum()) for s in summed)
    assert float(sum(v.sum() for v in found.values())) > 1.5 * wrong


def test_layers_and_the_loop_agree_over_several_batches_and_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = encoders.find("embedded")
    model = models.masked_language_model(encoder)
    examples = windows(encoder, Estimate(languages=("de", "zh"), examples=9, text="task"), ORIGIN)
    loop = diagonal.by_example(model, examples, "sampled")
    monkeypatch.setattr(diagonal, "TOKENS", 100)
    monkeypatch.setattr(diagonal, "BLOCK", 2**14)
    ours = diagonal.by_layer(model, examples, "sampled")
    largest = max(float(value.max()) for value in loop.values())
    for name, value in loop.items():
        torch.testing.assert_close(ours[name], value, rtol=1e-3, atol=1e-9 * largest, msg=lambda text, name=name: f"{name}: {text}")


def test_layers_that_are_not_believed_give_way_to_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoder that uses a layer's weights past the layer itself: what flows through it is not all there is."""
    model = models.masked_language_model(encoders.find("embedded"))
    examples = windows(encoders.find("embedded"), Estimate(languages=("de",), examples=3), ORIGIN, 30)
    loop = diagonal.by_example(model, examples, "empirical")
    real = diagonal._Flow.add_squares
    monkeypatch.setattr(diagonal._Flow, "add_squares", lambda self, total: (self.calls.pop(5), real(self, total))[1])
    assert not diagonal._agree(diagonal.by_layer(model, examples, "empirical"), loop)
    chosen = diagonal.diagonal(model, examples)
    assert all(torch.equal(chosen[name], loop[name]) for name in loop)


def test_the_sampled_diagonal_estimates_the_expectation_over_the_model_s_own_labels() -> None:
    """F's own definition: at one masked token, the mean over all labels, weighted with their probability, by enumeration."""
    torch.manual_seed(0)
    weights = torch.randn(7, 4, dtype=torch.float64, requires_grad=True)
    hidden = torch.randn(4, dtype=torch.float64)
    log_p = (weights @ hidden).log_softmax(0)
    gradients = [torch.autograd.grad(log_p[label], weights, retain_graph=True)[0] for label in range(7)]
    expected = sum(log_p[label].exp().detach() * gradients[label] ** 2 for label in range(7))
    count = 20_000
    window = Window(torch.zeros(1), torch.arange(count), torch.zeros(count, dtype=torch.long), torch.rand(count, dtype=torch.float64))
    logits = (weights.detach() @ hidden).expand(1, count, 7).float()
    labels = diagonal._sampled(logits, window.observed[None], [window])[0]
    estimate = sum((labels == label).double().mean() * gradients[label] ** 2 for label in range(7))
    torch.testing.assert_close(estimate, expected, rtol=0.05, atol=0.01)


def test_windows_are_the_same_every_time_and_masked() -> None:
    first, second = (windows(encoders.find("embedded"), Estimate(languages=("de",), examples=5), ORIGIN) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        assert torch.equal(a.ids, b.ids)
        assert torch.equal(a.observed, b.observed)
        assert torch.equal(a.draws, b.draws)
    assert 0.08 < sum(len(w.masked) for w in first) / sum(len(w.ids) for w in first) < 0.25
    assert all(len(w.ids) <= WINDOW for w in first)
    other = windows(encoders.find("embedded"), Estimate(languages=("de",), examples=5, masking_seed=1), ORIGIN)
    assert not all(torch.equal(a.ids, b.ids) for a, b in zip(first, other, strict=True))


def test_mixed_text_has_equal_shares() -> None:
    encoder = encoders.find("embedded")
    mixed = windows(encoder, Estimate(languages=("de", "en"), examples=5), ORIGIN)
    assert Estimate(languages=("de", "en"), examples=5).shares == {"de": 3, "en": 2}
    whole = [window.ids.clone() for window in mixed]
    for ids, window in zip(whole, mixed, strict=True):
        ids[window.masked] = window.observed
    alone = [windows(encoder, Estimate(languages=(language,), examples=3), ORIGIN) for language in ("de", "en")]
    for own, ids in zip([*alone[0], *alone[1][:2]], whole, strict=True):
        restored = own.ids.clone()
        restored[own.masked] = own.observed
        assert torch.equal(restored, ids)


# Text


def test_more_examples_than_the_text_has_are_refused(tmp_path: Path) -> None:
    (tmp_path / "de.txt").write_text("Ein einziger Satz .\n", encoding="utf-8")
    with pytest.raises(UserError, match="examples: 2 is not allowed; give at most 1: the text for 'de' has 1"):
        windows(encoders.find("embedded"), Estimate(languages=("de",), examples=2, text=str(tmp_path)), ORIGIN)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "de.txt does not exist; languages with text there: none"),
        ({"fr.txt": "Une phrase"}, "de.txt does not exist; languages with text there: fr"),
        ({"de.txt": "\n \n"}, "de.txt is empty; give one passage a line"),
        ({"de.txt": ""}, "de.txt is empty; give one passage a line"),
    ],
)
def test_a_language_without_text_is_refused(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        corpus.passages(str(tmp_path), "de", 3, ORIGIN)


def test_text_too_short_to_mask_anything_is_refused(tmp_path: Path) -> None:
    """Its diagonal would be zero, and ewc vanilla without a word."""
    (tmp_path / "de.txt").write_text("Ja .\n", encoding="utf-8")
    refused = 0
    for seed in range(12):
        estimate = Estimate(languages=("de",), examples=1, text=str(tmp_path), masking_seed=seed)
        try:
            assert len(windows(encoders.find("embedded"), estimate, ORIGIN)[0].masked)
        except UserError as error:
            assert "the text for 'de' is so short that no token of it is masked" in str(error)  # noqa: PT017
            refused += 1
    assert 0 < refused < 12


def test_line_ends_and_byte_order_marks_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "de.txt").write_bytes(b"\xef\xbb\xbfEins .\r\n\r\nZwei .\r\n")
    assert corpus.passages(str(tmp_path), "de", 5, ORIGIN) == ("Eins .", "Zwei .")
    (tmp_path / "fr.txt").write_bytes(b"Une\n\xff\n")
    with pytest.raises(UserError, match=r"fr\.txt:2: not UTF-8 text"):
        corpus.passages(str(tmp_path), "fr", 5, ORIGIN)
    with pytest.raises(UserError, match="text: '' is not allowed"):
        Estimate(languages=("de",), text="")


def test_text_that_does_not_exist_names_what_there_is() -> None:
    words = r"'embedded', 'task', 'wikipedia', 'xnli', 'panx', 'udpos', 'pawsx' or a directory that exists"
    with pytest.raises(UserError, match=rf"text: 'wikipdia' is not allowed; give {words}"):
        corpus.passages("wikipdia", "de", 3, ORIGIN)


def test_the_task_s_own_text_is_that_of_its_test_set() -> None:
    sentence = (embedded.DATA / "udpos" / "test-de.tsv").read_text(encoding="utf-8").split("\n\n")[0]
    first = " ".join(line.split("\t")[0] for line in sentence.split("\n"))
    assert corpus.passages("task", "de", 1, ORIGIN) == (first,)
    pairs = corpus.passages("task", "de", 400, Origin("pawsx", "embedded"))
    assert len(pairs) == len(set(pairs)) > 200
    assert not any("\t" in passage for passage in pairs)


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
    """The loading call on a local clone; the hub itself is out of reach, and says so in one line."""
    import datasets

    article(tmp_path, "de", ["Ein Absatz, der lang genug ist, um ein Text zu sein, und kein Titel." for _ in range(9)])
    real = datasets.load_dataset
    asked = []

    def local(name: str, configuration: str, *, split: str, streaming: bool) -> datasets.IterableDataset:
        asked.append((name, configuration, split, streaming))
        return real("parquet", data_files=str(tmp_path / configuration / "*.parquet"), split=split, streaming=streaming)

    with pytest.raises(UserError, match=r"text: wikimedia/wikipedia \(20231101\.de\) could not be read from the Hugging Face hub"):
        wikipedia.streamed("de", 3)
    monkeypatch.setattr(datasets, "load_dataset", local)
    assert len(wikipedia.streamed("de", 3)) == 3
    assert asked == [("wikimedia/wikipedia", "20231101.de", "train", True)]


# The cache


def test_cache_is_computed_once_and_named_by_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    real = fisher.diagonal
    monkeypatch.setattr(fisher, "diagonal", lambda *args: (calls.append(1), real(*args))[1])
    results: list[fisher.Diagonal] = []
    threads = [threading.Thread(target=lambda: results.append(fisher.stored(requested(), tmp_path))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    before = {name: value.clone() for name, value in results[0].items()}  # they are read from the file as it is
    assert all(torch.equal(before[name], results[1][name]) for name in before)
    torn = next((tmp_path / "fisher").glob("*.safetensors"))
    torn.write_bytes(torn.read_bytes()[:1000])
    again = fisher.stored(requested(), tmp_path)
    assert len(calls) == 2
    assert all(torch.equal(before[name], again[name]) for name in again)
    others = [
        requested(examples=3),
        requested("hi"),
        requested(estimator="sampled"),
        requested(masking_seed=1),
        requested(text="task"),
    ]
    for other in others:
        fisher.stored(other, tmp_path)
    assert len(list((tmp_path / "fisher").glob("*.safetensors"))) == 1 + len(others)


def test_a_file_of_another_encoder_is_refused(tmp_path: Path) -> None:
    mine = requested()
    other = replace(mine, encoder=Encoder("elsewhere", "sha256:other"))
    fisher.stored(mine, tmp_path)
    (tmp_path / mine.name).rename(tmp_path / other.name)
    with pytest.raises(UserError, match=r"is of another estimate \(encoder 'sha256:[0-9a-f]+' instead of 'sha256:other'\); delete it"):
        fisher.stored(other, tmp_path)
    save_file({"embeddings.weight": torch.ones(2)}, tmp_path / mine.name)
    with pytest.raises(UserError, match="is of another estimate"):
        fisher.stored(mine, tmp_path)


def test_importance_of_another_shape_is_refused() -> None:
    body = torch.nn.Linear(3, 2)
    anchor = {name: p.detach().clone() for name, p in body.named_parameters()}
    with pytest.raises(UserError, match=r"fisher: weight has the shape \(3, 3\), and the encoder's \(2, 3\): of another one"):
        Penalty(body, anchor, [Term(1.0, {"weight": torch.ones(3, 3)})])
    with pytest.raises(UserError, match="fisher: it has other, which the encoder has not"):
        Penalty(body, anchor, [Term(1.0, {"other": torch.ones(3, 3)})])


def test_text_decides_the_identity_and_its_place_does_not(trial: Callable[..., TrialConfig], tmp_path: Path) -> None:
    copied = tmp_path / "elsewhere"
    copied.mkdir()
    (copied / "de.txt").write_bytes((embedded.TEXT / "de.txt").read_bytes())
    here = trial(Ewc(strength=1.0, languages=("de",)), setting=SHORT)
    there = trial(Ewc(strength=1.0, languages=("de",), text=str(copied)), setting=SHORT)
    assert here.id == there.id
    assert fisher.requests(here)[0].name == fisher.requests(there)[0].name
    # What is not read does not count, what is read does.
    lines = (copied / "de.txt").read_text(encoding="utf-8").split("\n")
    (copied / "de.txt").write_text("\n".join(lines[:250]), encoding="utf-8")
    corpus.passages.cache_clear()
    assert trial(Ewc(strength=1.0, languages=("de",), text=str(copied)), setting=SHORT).id == here.id
    (copied / "de.txt").write_text("\n".join(["Anders .", *lines]), encoding="utf-8")
    corpus.passages.cache_clear()
    assert trial(Ewc(strength=1.0, languages=("de",), text=str(copied)), setting=SHORT).id != here.id


def test_text_that_changed_since_the_plan_is_refused(tmp_path: Path) -> None:
    (tmp_path / "de.txt").write_bytes((embedded.TEXT / "de.txt").read_bytes())
    planned = requested(text=str(tmp_path))
    (tmp_path / "de.txt").write_text("Anders .\nUnd mehr .\n", encoding="utf-8")
    corpus.passages.cache_clear()
    with pytest.raises(UserError, match="data: the text for 'de' changed since the study was planned"):
        fisher.stored(planned, tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("*.safetensors"))


def test_a_diagonal_reads_only_what_it_is_asked_for(tmp_path: Path) -> None:
    found = fisher.stored(requested(), tmp_path)
    whole = load_file(tmp_path / requested().name)
    assert set(found) == whole.keys()
    assert all(torch.equal(found[name], whole[name]) for name in whole)
    assert "nonsense" not in found
