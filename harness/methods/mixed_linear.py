"""A linear map whose weights are mixed with others while it is trained, for ``harness.methods.mixout``."""

from torch import Tensor, nn


class MixedLinear(nn.Linear):
    """Takes the place of a linear map, with its parameters under their names.

    ``target`` (out, in) is what the weights are mixed with, ``probability`` that of an entry of it.
    """

    def __init__(self, linear: nn.Linear, target: Tensor, probability: float) -> None:
        super().__init__(linear.in_features, linear.out_features, linear.bias is not None, device="meta")
        self.weight, self.bias = linear.weight, linear.bias
        self.probability = probability
        self.register_buffer("target", target.detach(), persistent=False)

    def held(self) -> list[Tensor]:
        """What mixing takes in memory."""
        assert isinstance(self.target, Tensor)
        return [self.target]

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        assert isinstance(self.target, Tensor)
        mixed = self.target + nn.functional.dropout(self.weight - self.target, self.probability)
        return nn.functional.linear(input, mixed, self.bias)
