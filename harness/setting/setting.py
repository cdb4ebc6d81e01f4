"""The hyperparameters of one fine-tuning."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Self

from harness.common import fields
from harness.setting import class_weights, limits, warmup
from harness.setting.other_names import unknown_field

INSTEAD = {"epochs": "max_steps", "max_steps": "epochs"}
"""A setting has exactly one of these fields. A design, a search or an option that gives one clears the other."""
LATER = (
    "init_seed", "data_seed", "hidden_dropout", "attention_dropout", "head_dropout", "optimizer", "beta1", "beta2",
    "epsilon", "bias_correction", "momentum", "head_learning_rate", "label_smoothing", "class_weights", "batches",
    "early_stopping", "gradient_checkpointing",
)  # fmt: skip
"""Fields that older versions refuse. ``to_json`` omits such a field at its default."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Hyperparameters of one fine-tuning, which a study may vary.

    Exactly one of ``epochs`` and ``max_steps`` is given.
    """

    learning_rate: float
    """Largest learning rate of the encoder. It is also the head's, unless ``head_learning_rate`` is given."""
    warmup_steps: int = 0
    """Optimizer steps of linear warmup. A text such as ``10%`` is a share of ``max_steps``."""
    epochs: float | None = None
    """Passes over the training data."""
    max_steps: int | None = None
    """Optimizer steps."""
    batch_size: int = 32
    """Examples per optimizer step, over all its micro-batches."""
    accumulation: int = 1
    """Number of micro-batches in a batch. They save memory; the gradient is the gradient of the whole batch."""
    gradient_checkpointing: bool = False
    """Whether a backward pass recomputes each layer's activations to save memory (Chen et al., 2016)."""
    max_length: int = 128
    """Largest number of sub-words in an example, special tokens included.

    Longer sentences of token tasks and longer contexts of questions are cut into windows, so that no word is lost.
    Other texts lose their end. In a pair, the longer text loses its end first.
    """
    schedule: str = "linear"
    """Course of the learning rate after the warmup: ``linear`` or ``cosine`` decay to zero, or ``constant``."""
    weight_decay: float = 0.0
    """Decay towards zero. The default is 0, because decay opposes a pull towards the pretrained weights.

    With AdamW (Loshchilov and Hutter, 2019) and Adafactor, decay is decoupled. With SGD, decay is part of the gradient.
    """
    max_grad_norm: float = 1.0
    """Largest norm of the whole gradient, including the penalty's; a longer gradient is clipped. 0 for no clipping."""
    train_examples: int | None = None
    """Number of drawn training examples; ``None`` for all. An epoch is a pass over the drawn examples.

    The examples are drawn once for all seeds, and a larger sample contains the smaller samples.
    """
    label_noise: float = 0.0
    """Probability that a training label is replaced by another label, from 0 to below 1.

    It is below 1, because completely wrong labels would be informative again. In token tasks, words are drawn one by
    one. The replacements are drawn once for all seeds, and a larger probability keeps the replacements of a smaller
    probability. Dev and test labels stay the same.
    """

    init_seed: int | None = None
    """Seed of the initial weights of the head and of a method's own layers; ``None`` for the run's seed."""
    data_seed: int | None = None
    """Seed of the order of the training examples. ``None`` for the run's seed.

    Dodge et al. (2020) split the seed in this way. Dropout and all other random draws keep the run's seed.
    """
    hidden_dropout: float | None = None
    """Dropout of the body's hidden states, from 0 to below 1; ``None`` for the value in the encoder's config."""
    attention_dropout: float | None = None
    """Dropout of the attention's weights, from 0 to below 1; ``None`` for the value in the encoder's config."""
    head_dropout: float | None = None
    """Dropout before the head's linear maps, with values as in ``hidden_dropout``. Few heads for questions have it."""
    optimizer: str = "adamw"
    """``adamw`` (Loshchilov and Hutter, 2019), ``adafactor`` (Shazeer and Stern, 2018) or ``sgd``.

    Adafactor uses this setting's learning rate and schedule. It has no first moment and no scaling by parameter.
    """
    beta1: float = 0.9
    """AdamW's decay of the first moment, from 0 to below 1."""
    beta2: float = 0.999
    """AdamW's decay of the second moment, from 0 to below 1."""
    epsilon: float = 1e-8
    """AdamW's ε, above 0."""
    bias_correction: bool = True
    """Whether AdamW divides its moments by 1 − β^t. Without it, small data sets train less stably (Mosbach et al.,
    2021; Zhang et al., 2021)."""
    momentum: float = 0.0
    """Momentum of SGD, from 0 to below 1."""
    head_learning_rate: float | None = None
    """Largest learning rate of the head and of a pooler that the checkpoint lacks; ``None`` for ``learning_rate``."""
    label_smoothing: float = 0.0
    """Share ε of a label's probability, spread equally over all classes (Szegedy et al., 2016); from 0 to below 1."""
    class_weights: str = "none"
    """Weights of the classes in the loss: ``none``, ``balanced`` (King and Zeng, 2001), or numbers.

    ``balanced`` is n / (C n_c) for class c, with n training labels, n_c labels in class c, and C classes that occur.
    Numbers are a mapping from labels, or a list in the order of the task's labels. Labels outside the mapping weigh 1.
    Numbers are kept as JSON. The loss is the weighted mean.
    """
    batches: str = "random"
    """Batches of ``random`` examples, or of examples of similar length (``by_length``), for faster training."""
    early_stopping: int | None = None
    """Patience: training ends after this number of dev scores in a row without a new best; ``None`` for no stop.

    There are ten dev scores of the source, so 1 to 9 are allowed. The same scores select the best checkpoint. The
    learning rate keeps its course over all planned steps.
    """

    unknown_option = staticmethod(unknown_field)
    """The error for a field that a setting lacks."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "warmup_steps", warmup.steps(self.warmup_steps, self.max_steps))
        object.__setattr__(self, "class_weights", class_weights.canonical(self.class_weights))
        fields.coerce(self)
        limits.check(self)

    @classmethod
    def from_json(cls, values: object, where: str = "setting") -> Self:
        """A setting from its YAML or JSON form.

        Raises ``UserError`` that begins with ``where``. For another program's name, the error gives steadytune's name.
        """
        if isinstance(values, dict):
            for name in values:
                if name not in cls.__dataclass_fields__:
                    raise unknown_field(f"{where}: field", name, cls.__dataclass_fields__)
        return fields.build(cls, where, values)

    def to_json(self) -> dict[str, Any]:
        """The form that ``from_json`` reads. Older versions read it too if they have all its hyperparameters."""
        chosen = fields.chosen(self)
        return {name: value for name, value in asdict(self).items() if name not in LATER or name in chosen}

    def steps(self, examples: int) -> int:
        """Number of optimizer steps with ``examples`` training examples."""
        if self.max_steps is not None:
            return self.max_steps
        assert self.epochs is not None
        return math.ceil(self.epochs * math.ceil(min(examples, self.train_examples or examples) / self.batch_size))
