"""The mix of several source languages in the training data."""

from dataclasses import dataclass

from harness.common import fields
from harness.common.errors import bad


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """A mix of training examples, drawn by language. It has as many examples as the training data.

    Let the data have N examples, n_i of them in language i. The mix has N · n_i^T / Σ_j n_j^T examples in language i
    (Conneau and Lample, 2019, section 3.1, where T is α). With T below 1 small languages are up-sampled: their examples
    repeat. Large languages are down-sampled: some of their examples are left out.
    """

    temperature: float
    """The exponent T: 0 draws the same number of examples in every language, and 1 keeps all examples.

    Some authors name 1/T the temperature (Arivazhagan et al., 2019).
    """

    def __post_init__(self) -> None:
        fields.coerce(self)
        if not 0 <= self.temperature <= 1:
            raise bad("temperature", self.temperature, "a number from 0 to 1")
