"""A linear map whose weights are mixed with others during training, for ``harness.methods.mixout``."""

from torch import Tensor, nn


class MixedLinear(nn.Linear):
    """Replaces a linear map and keeps its parameters and their names.

    ``target`` (out, in) is mixed into the weights; each entry is used with ``probability``.
    """

    def __init__(self, linear: nn.Linear, target: Tensor, probability: float) -> None:
        super().__init__(linear.in_features, linear.out_features, linear.bias is not None, device="meta")
        self.weight, self.bias = linear.weight, linear.bias
        self.probability = probability
        self.register_buffer("target", target.detach(), persistent=False)

    def held(self) -> list[Tensor]:
        """The tensor that mixing keeps in memory."""
        assert isinstance(self.target, Tensor)
        return [self.target]

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        assert isinstance(self.target, Tensor)
        mixed = self.target + nn.functional.dropout(self.weight - self.target, self.probability)
        return nn.functional.linear(input, mixed, self.bias)
