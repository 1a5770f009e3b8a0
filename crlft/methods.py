"""The training methods, as data: one code path reads these switches. Torch-free.

C-RLFT (arXiv 2309.11235) conditions on the class *and* weights by its reward; the others take one or both
away, which is what an ablation compares. `inverse-frequency` puts a weight that knows no reward in its
place, and so asks whether the reward is more than a balance between rare and frequent classes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Method:
    """What a method does with classes and rewards.

    Attributes:
        name: What `--method` takes.
        conditioned: The class's condition stands in the prompt.
        weighted: The class's reward weights the loss; otherwise every conversation weighs 1.
        best_only: Only conversations of the best class are trained on.
        meaning: One line for lists.
        balanced: A class weighs one over its supervised tokens instead, so that all have the same say.
    """

    name: str
    conditioned: bool
    weighted: bool
    best_only: bool
    meaning: str
    balanced: bool = False


METHODS: dict[str, Method] = {
    "c-rlft": Method("c-rlft", True, True, False, "class in the prompt, reward in the loss: the method itself"),
    "no-reward": Method(
        "no-reward", True, False, False, "class in the prompt, every conversation weighs the same"
    ),
    "no-condition": Method("no-condition", False, True, False, "reward in the loss, no class in the prompt"),
    "sft": Method("sft", False, False, False, "plain fine-tuning on everything, all equal"),
    "sft-best": Method("sft-best", False, False, True, "plain fine-tuning on the best class alone"),
    "inverse-frequency": Method(
        "inverse-frequency",
        True,
        False,
        False,
        "class in the prompt, rare classes weigh more whatever their reward",
        balanced=True,
    ),
}
