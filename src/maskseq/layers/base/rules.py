"""Whose rule for masks a layer follows, where the versions of Keras differ: its `mask_rule`.

A model was trained under the rule of the Keras that wrote it, so that a file of Keras 2 brings its
own (see docs/differences.md). By default, and for all files of Keras 3, it is Keras 3.15's.
"""

from typing import Any

RULES = {
    "keras3": "that of Keras 3.15",
    "keras2": "that of Keras 2.10 to 2.15, and of tf_keras",
    "keras2.9": "that of tf.keras until 2.9",
    "keras2.3": "that of Keras 2.2 and 2.3 without TensorFlow",
    "keras2.1": "that of Keras 2.0 and 2.1",
}
"""The names of the rules, and what they are."""

KERAS2 = frozenset(RULES) - {"keras3"}
"""Merges and Concatenate count a step as real if no input that has a mask masks it, and merge what
masked cells hold. A second tensor argument leaves the mask of the first one on."""
ASKS_INNER = frozenset({"keras2", "keras2.9", "keras2.3"})
"""TimeDistributed passes the mask of its inner layer on, if that makes one."""
STARTS_FROM_ZEROS = frozenset({"keras2", "keras2.9"})
"""Before the first real step a recurrent layer puts out zeros, whatever the initial state."""
DIRECTIONS_CARRY = frozenset({"keras2.3", "keras2.1"})
"""At a masked step Bidirectional puts out what each direction put out before it, and no zeros."""
HEADS_WITHOUT_MASKS = frozenset({"keras2.9", "keras2.3", "keras2.1"})
"""MultiHeadAttention uses no masks but an attention_mask, and passes none on."""


def checked_rule(rule: Any) -> str:
    """`rule`, if there is such a one. Raises: ValueError."""
    if not isinstance(rule, str) or rule not in RULES:
        raise ValueError(f"mask_rule must be one of {list(RULES)}, got {rule!r}")
    return rule


def rule_of_version(major: int, minor: int, of_tensorflow: bool = False) -> str:
    """The rule of a version of Keras; of_tensorflow: it was part of TensorFlow, as 2.2.4-tf."""
    if major > 2:
        return "keras3"
    if minor > 3:
        return "keras2" if minor > 9 else "keras2.9"
    if of_tensorflow:
        return "keras2.9" if minor > 1 else "keras2.3"
    return "keras2.3" if major == 2 and minor > 1 else "keras2.1"
