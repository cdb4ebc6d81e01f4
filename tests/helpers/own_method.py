"""The text of a user's own methods, and of a study with them."""

METHODS = '''
"""A method that freezes by name, and a method with its own loss."""

from dataclasses import dataclass
from typing import ClassVar

from wording import has

from harness.methods import Method


@dataclass(frozen=True, kw_only=True)
class FreezeByName(Method):
    """Freezes the weights with a word in their name, and trains the others with RAdam."""

    name: ClassVar[str] = "freeze_by_name"

    pattern: str = "attention"

    def adapt(self, model, pretrained):
        for name, parameter in model.named_parameters():
            if has(name, self.pattern):
                parameter.requires_grad_(False)

    def optimizer(self, groups, setting):
        from torch.optim import RAdam

        return RAdam(groups, eps=setting.epsilon)


@dataclass(frozen=True, kw_only=True)
class Twice(Method):
    """Adds a share of the loss of a second forward pass."""

    name: ClassVar[str] = "twice"

    share: float = 0.5

    def loss(self, model, batch, outputs):
        return self.share * batch.task_loss(batch.outputs(model))
'''
NEIGHBOUR = "def has(name, pattern):\n    return pattern in name\n"
STUDY = """
task: udpos
data: {cut}
encoder: {cut}/encoder
methods: [vanilla, {{file: mine.py, name: freeze_by_name, pattern: query}}, {{file: mine.py, name: twice}}]
settings: [{{learning_rate: 1e-3, max_steps: 3, batch_size: 4}}]
seeds: [0]
targets: [de]
precision: fp32
"""
