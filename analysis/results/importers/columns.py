"""Columns of other programs' results, known by their names."""

import re
from dataclasses import dataclass

CODES = """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es
et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj
kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv
ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti
tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
"""Language codes of ISO 639-1. Codes of three letters are taken from ``--map`` alone: many words have three letters."""
LANGUAGE = rf"(?:{'|'.join(CODES.split())})(?:[-_](?:[A-Z][a-z]{{3}}|[A-Z]{{2}}))?"
TEST, DEV = "test", "dev"
SPLITS = {"test": TEST, "predict": TEST, "eval": DEV, "dev": DEV, "val": DEV, "valid": DEV, "validation": DEV}
SPLIT = "|".join(SPLITS)
NO_SCORE = re.compile(
    r"loss|runtime|samples|epoch|steps?|.*(_per_second|_time|_samples|_loss|_runtime|_mem_.*|_flos?)|.*perplexity",
    re.IGNORECASE,
)
"""Figures of an evaluation that are no scores."""
PREFIX = r"(?:(?:metrics|summary|metric)[./])?"
METRIC = r"(?P<metric>[A-Za-z][\w@-]*)"
KNOWN = (
    r"(?P<metric>\w*?(?:f1|acc|accuracy|exact_match|em|score|precision|recall|pearson\w*|spearman\w*|mcc|mae|rmse)"
    r"(?:_\w+)?)"
)
"""In a column name without a split, only these metrics count: ``no_cuda`` is no score in Norwegian."""
PATTERNS = [
    re.compile(PREFIX + pattern)
    for pattern in (
        rf"(?:(?:{SPLIT})[_-])?(?P<language>{LANGUAGE})/(?P<split>{SPLIT})_(?:(?P=language)_)?{METRIC}",
        rf"(?P<split>{SPLIT})[/_.](?P<language>{LANGUAGE})[/_.]{METRIC}",
        rf"(?P<language>{LANGUAGE})[/_.](?P<split>{SPLIT})[/_.]{METRIC}",
        rf"(?P<split>)(?P<language>{LANGUAGE})[/_.]{KNOWN}",
        rf"(?P<split>{SPLIT})[/_.]{METRIC}[/_.](?P<language>{LANGUAGE})",
        rf"(?P<split>{SPLIT})/(?P<language>{LANGUAGE})(?P<metric>)",
    )
]
LANGUAGE_FOLDER = re.compile(rf"(?:(?:{SPLIT})[_-])?{LANGUAGE}")
SCORED = re.compile(rf"(?:{SPLIT})[/_]")
UNNAMED = "score"
"""Metric of a column whose name does not say it."""
PREFERRED = ("f1", "accuracy", "acc", "exact_match")
"""Metrics that tables show before others, in this order."""

PARAMETER = re.compile(
    r"^(?:config|params|parameters|hparams|args|training_args|train_loop_config|hyperparameters)[./]", re.IGNORECASE
)
ALIASES = {
    "method": ("method",),
    "seed": ("seed", "random_seed", "random_state"),
    "replicate": ("replicate",),
    "status": ("status", "state"),
    "error": ("error",),
    "learning_rate": ("learning_rate", "lr"),
    "warmup_steps": ("warmup_steps", "lr_scheduler_warmup_steps"),
    "epochs": ("num_train_epochs", "num_epochs", "epochs"),
    "max_steps": ("max_steps", "training_steps"),
    "batch_size": ("total_train_batch_size", "batch_size", "per_device_train_batch_size", "train_batch_size"),
    "max_length": ("max_length", "max_seq_length", "max_seq_len"),
    "schedule": ("schedule", "lr_scheduler_type"),
    "weight_decay": ("weight_decay",),
    "max_grad_norm": ("max_grad_norm",),
    "train_examples": ("train_examples", "max_train_samples"),
    "label_noise": ("label_noise",),
    "init_seed": ("init_seed",),
    "data_seed": ("data_seed",),
    "hidden_dropout": ("hidden_dropout", "hidden_dropout_prob"),
    "attention_dropout": ("attention_dropout", "attention_probs_dropout_prob"),
    "head_dropout": ("head_dropout", "classifier_dropout"),
    "head_learning_rate": ("head_learning_rate",),
    "optimizer": ("optimizer", "optim"),
    "beta1": ("beta1", "adam_beta1"),
    "beta2": ("beta2", "adam_beta2"),
    "epsilon": ("epsilon", "adam_epsilon"),
    "bias_correction": ("bias_correction", "correct_bias"),
    "momentum": ("momentum",),
    "label_smoothing": ("label_smoothing", "label_smoothing_factor"),
    "class_weights": ("class_weights",),
    "batches": ("batches",),
    "early_stopping": ("early_stopping", "early_stopping_patience"),
}
"""Column names that stand for a field of the results or of a setting. The first name with a column counts."""


@dataclass(frozen=True)
class ScoreColumn:
    """The content of a column of scores."""

    column: str
    language: str
    metric: str
    split: str | None
    """``test`` or ``dev``; ``None`` if the name does not say."""


def score_column(column: str) -> ScoreColumn | None:
    """The language, split and metric that a column's name says, as in ``test_de_f1`` or ``eval/de/accuracy``."""
    for pattern in PATTERNS:
        if (found := pattern.fullmatch(column)) and not NO_SCORE.fullmatch(found["metric"]):
            return ScoreColumn(column, found["language"], found["metric"] or UNNAMED, SPLITS.get(found["split"] or ""))
    return None


def is_scored(name: str) -> bool:
    """Whether a name in a log is of an evaluation."""
    return SCORED.match(name) is not None


def named_for(field: str, columns: list[str]) -> list[str]:
    """All columns with the first of the field's ``ALIASES`` that occurs; empty if none occurs."""
    bare = {column: re.sub(r"[\s-]", "_", PARAMETER.sub("", column)).casefold() for column in columns}
    bare = {column: re.sub(r".*/", "", name) for column, name in bare.items()}
    for alias in ALIASES[field]:
        if found := [column for column in columns if bare[column] == alias]:
            return found
    return []
