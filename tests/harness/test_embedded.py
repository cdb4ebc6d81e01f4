"""What is shipped: sizes, licences, and that encoder and data fit each other."""

from transformers import AutoModelForMaskedLM, AutoTokenizer

from harness import embedded
from harness.data import corpus, reading
from harness.data.origin import Origin
from harness.encoders import loading, pinning
from harness.methods import L2, Vanilla
from harness.tasks import task_named

UDPOS = Origin("udpos", "embedded")
TARGETS = ("ar", "de", "es", "fi", "fr", "hi", "ja", "ru", "tr", "vi", "zh")


def test_sizes_stay_within_bounds() -> None:
    files = [f for f in embedded.HERE.rglob("*") if f.is_file() and "__pycache__" not in f.parts]
    assert sum(f.stat().st_size for f in files) <= 40_000_000
    assert (embedded.ENCODER / "model.safetensors").stat().st_size <= 30_000_000


def test_the_notice_names_every_treebank_and_licence() -> None:
    notice = (embedded.HERE / "NOTICE").read_text(encoding="utf-8")
    for word in (
        "EWT",
        "GSD",
        "VTB",
        "TDT",
        "PUD",
        "CC BY-SA 4.0",
        "CC BY-SA 3.0",
        "MIT",
        "Wikipedia",
        "multilingual-e5-small",
    ):
        assert word in notice


def test_plain_from_pretrained_loads_encoder_head_and_tokenizer() -> None:
    model, report = AutoModelForMaskedLM.from_pretrained(embedded.ENCODER, output_loading_info=True)
    assert not report["missing_keys"]
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight
    tokenizer = AutoTokenizer.from_pretrained(embedded.ENCODER)
    assert len(tokenizer) == model.config.vocab_size
    filled = model(**tokenizer("The capital of France is <mask> .", return_tensors="pt")).logits
    assert filled.isfinite().all()


def test_the_vocabulary_knows_the_corpora() -> None:
    """The full vocabulary has 2 unknowns in the labelled text and 65 in the passages: rare signs and characters that it
    lacks."""
    tokenizer = loading.tokenizer(pinning.find("embedded"))
    sentences = [words for language in ("en", *TARGETS) for words, _ in reading.examples(UDPOS, "test", language).rows]
    labelled = [i for words in sentences for i in tokenizer(list(words), is_split_into_words=True)["input_ids"]]
    assert labelled.count(tokenizer.unk_token_id) <= 2
    passages = [
        passage
        for file in embedded.TEXT.glob("*.txt")
        for passage in corpus.passages("embedded", file.stem, 10**6, Origin("", ""))
    ]
    text = [i for passage in passages for i in tokenizer(passage)["input_ids"]]
    assert text.count(tokenizer.unk_token_id) / len(text) < 2e-4


def test_cuts_have_the_sizes_the_script_says() -> None:
    from harness.embedded import make_corpora

    sizes = {
        ("train", "en"): make_corpora.TRAIN,
        ("dev", "en"): make_corpora.DEV,
        ("test", "en"): make_corpora.SOURCE_TEST,
    }
    sizes |= {("test", language): make_corpora.TARGET_TEST for language in TARGETS}
    for (split, language), size in sizes.items():
        examples = reading.examples(UDPOS, split, language)
        assert len(examples) == size
        assert {tag for _, tags in examples.rows for tag in tags} <= set(task_named("udpos").labels)


def test_methods_have_distinct_labels() -> None:
    assert Vanilla().label == "vanilla"
    assert L2(strength=0.01).label == "l2(strength=0.01)"
