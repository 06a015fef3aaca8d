"""Calls of the layers that Keras runs on TensorFlow only: what they are made of, given and asked.

tests/files/tensorflow/make_files.py asks Keras; its answers are beside it, in text_answers.json.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

ODD = [
    "The QUICK brown fox!",
    "",
    "  spaces\tand\nlines\r\n ",
    "don't, can't; won't... (e-mail@x.org)",
    "ÄPFEL und Öl kosten 3€",
    "no\u00a0break\u2003em\u200bzero",
    "日本語 テキスト",
    "emoji 👩‍👩‍👧 x̂",
    "[UNK] the the THE",
    "a_b [c] {d} ~e^ `f` \\g/ |h",
]
LONG = ["x" * n for n in (1, 3, 4, 7, 8, 9, 16, 17, 32, 33, 64, 65, 127, 128, 129, 300)]
WORDS = [["a", "b"], ["c", "a"], ["zz", ""], ["b", "é"]]
NUMBERS = [[3, 7], [-1, 0], [7, 12], [100, -50]]
SKEWED = [float(np.float32(np.sin(i) * i)) for i in range(300)]


@dataclass
class TextCase:
    """A layer's class and arguments, what it adapts to, and an input of a dtype (None: text)."""

    name: str
    layer: str
    options: dict[str, Any] = field(default_factory=dict)
    adapt: Any = None
    inputs: Any = None
    dtype: str | None = None

    def array(self, values: Any) -> np.ndarray:
        return np.array(values, self.dtype or np.str_)


def _of_numbers(name: str, layer: str, options: dict[str, Any], inputs: Any = None) -> TextCase:
    return TextCase(name, layer, options, None, NUMBERS if inputs is None else inputs, "int64")


def _lookups() -> list[TextCase]:
    cases = []
    texts = {"vocabulary": ["a", "b", "d"]}
    numbers = {"vocabulary": [3, 7, -50]}
    options: dict[str, dict[str, Any]] = {
        "plain": {},
        "two unknown": {"num_oov_indices": 2},
        "five unknown": {"num_oov_indices": 5},
        "one_hot": {"output_mode": "one_hot"},
        "multi_hot": {"output_mode": "multi_hot"},
        "count": {"output_mode": "count", "num_oov_indices": 2},
        "tf_idf": {"output_mode": "tf_idf", "idf_weights": [0.5, 1.5, 2.5]},
        "padded": {"output_mode": "count", "max_tokens": 9, "pad_to_max_tokens": True},
    }
    for name, more in options.items():
        cases.append(TextCase(f"StringLookup {name}", "StringLookup", texts | more, None, WORDS))
        cases.append(
            TextCase(
                f"IntegerLookup {name}", "IntegerLookup", numbers | more, None, NUMBERS, "int64"
            )
        )
    for name, more in {
        "mask": {"mask_token": ""},
        "mask multi_hot": {"mask_token": "", "output_mode": "multi_hot"},
        "salt": {"num_oov_indices": 4, "salt": 3},
        "two salts": {"num_oov_indices": 4, "salt": [3, -9]},
        "special tokens": {"vocabulary": ["", "[UNK]", "a", "b"], "mask_token": ""},
        "other unknown": {"oov_token": "<unk>", "vocabulary": ["<unk>", "b", "zz"]},
    }.items():
        cases.append(TextCase(f"StringLookup {name}", "StringLookup", texts | more, None, WORDS))
    for name, more in {
        "mask": {"mask_token": 0},
        "mask count": {"mask_token": 0, "output_mode": "count"},
        "farmhash": {"num_oov_indices": 4, "oov_method": "farmhash"},
        "salt": {"num_oov_indices": 4, "oov_method": "farmhash", "salt": [5, 6]},
        "invert": {"invert": True, "mask_token": 0},
    }.items():
        cases.append(
            TextCase(
                f"IntegerLookup {name}", "IntegerLookup", numbers | more, None, NUMBERS, "int64"
            )
        )
    inverse = {"vocabulary": ["a", "é"], "invert": True, "num_oov_indices": 2}
    for name, more in {"": {}, " mask": {"mask_token": ""}}.items():
        cases.append(
            TextCase(
                f"StringLookup invert{name}",
                "StringLookup",
                inverse | more,
                None,
                [[0, 1], [2, 3], [4, 99], [-1, 3]],
                "int64",
            )
        )
    return cases


def _adapted() -> list[TextCase]:
    rows = [["b", "a", "b"], ["a", "c", "é"], ["c", "", "[UNK]"]]
    numbers = [[5, 5, 3], [0, -7, 3], [-1, 12, 12]]
    cases = []
    for name, options in {
        "plain": {},
        "few": {"max_tokens": 3},
        "mask": {"mask_token": ""},
        "tf_idf": {"output_mode": "tf_idf"},
        "tf_idf padded": {"output_mode": "tf_idf", "max_tokens": 9, "pad_to_max_tokens": True},
    }.items():
        cases.append(TextCase(f"StringLookup adapt {name}", "StringLookup", options, rows, rows))
        options = {k: 0 if k == "mask_token" else v for k, v in options.items()}
        cases.append(
            TextCase(
                f"IntegerLookup adapt {name}", "IntegerLookup", options, numbers, numbers, "int64"
            )
        )
    cases.append(TextCase("StringLookup adapt flat", "StringLookup", {}, rows[0], rows[0]))
    for bins in (2, 4, 10):
        cases.append(
            TextCase(
                f"Discretization adapt {bins}",
                "Discretization",
                {"num_bins": bins},
                SKEWED,
                SKEWED[:20],
                "float32",
            )
        )
    return cases


def _texts() -> list[TextCase]:
    cases = []
    options: dict[str, dict[str, Any]] = {
        "plain": {},
        "lower": {"standardize": "lower"},
        "strip": {"standardize": "strip_punctuation"},
        "as it is": {"standardize": None},
        "characters": {"split": "character"},
        "two grams": {"ngrams": 2},
        "grams of 1 and 3": {"ngrams": (1, 3)},
        "unsplit": {"split": None},
        "short": {"output_sequence_length": 3},
        "long": {"output_sequence_length": 12, "ngrams": 2},
        "few": {"max_tokens": 6},
        "multi_hot": {"output_mode": "multi_hot"},
        "count": {"output_mode": "count", "ngrams": 2, "max_tokens": 12},
        "tf_idf": {"output_mode": "tf_idf"},
        "padded": {"output_mode": "count", "max_tokens": 60, "pad_to_max_tokens": True},
    }
    for name, more in options.items():
        cases.append(TextCase(f"TextVectorization {name}", "TextVectorization", more, ODD, ODD))
    column = [[text] for text in ODD]
    return [
        *cases,
        TextCase("TextVectorization column", "TextVectorization", {}, column, column),
        TextCase("TextVectorization one", "TextVectorization", {}, ODD, "the quick fox"),
        TextCase("TextVectorization deep", "TextVectorization", {}, ODD, [column[:2], column[2:4]]),
        TextCase(
            "TextVectorization unsplit rows",
            "TextVectorization",
            {"split": None, "output_sequence_length": 3},
            WORDS,
            WORDS,
        ),
        TextCase(
            "TextVectorization given",
            "TextVectorization",
            {"vocabulary": ["the", "quick"], "output_mode": "tf_idf", "idf_weights": [2.0, 0.5]},
            None,
            ODD,
        ),
    ]


def _hashes() -> list[TextCase]:
    cases = []
    for name, options in {
        "plain": {},
        "salt": {"salt": 133},
        "two salts": {"salt": [133, 137]},
        "mask": {"mask_value": ""},
        "mask salt": {"mask_value": "x", "salt": 1},
        "one bin": {"num_bins": 1, "mask_value": "x"},
    }.items():
        options = {"num_bins": 1000003} | options
        cases.append(TextCase(f"Hashing {name}", "Hashing", options, None, [*ODD, *LONG]))
    for mode in ("one_hot", "multi_hot", "count"):
        options = {"num_bins": 5, "output_mode": mode}
        cases.append(TextCase(f"Hashing {mode}", "Hashing", options, None, WORDS))
    integers = [[0, -1], [2**40, -(2**63)], [7, 2**63 - 1]]
    masked, floats = {"num_bins": 97, "mask_value": 7}, [[1.9, -1.9], [0.5, 3e9]]
    return [
        *cases,
        _of_numbers("Hashing int64", "Hashing", {"num_bins": 97}, integers),
        _of_numbers("Hashing mask of int", "Hashing", masked),
        TextCase("Hashing int32", "Hashing", {"num_bins": 97}, None, NUMBERS, "int32"),
        TextCase("Hashing float", "Hashing", {"num_bins": 97}, None, floats, "float32"),
    ]


def _encodings() -> list[TextCase]:
    cases = []
    shapes = {
        "one": 2,
        "flat": [0, 3, 3, 1],
        "column": [[0], [3], [1]],
        "rows": [[0, 3], [1, 1]],
        "deep": [[[0, 3], [1, 1]], [[2, 2], [3, 0]]],
        "deep column": [[[1], [2]], [[3], [0]]],
    }
    for mode in ("one_hot", "multi_hot", "count"):
        for name, ids in shapes.items():
            cases.append(
                TextCase(
                    f"CategoryEncoding {mode} {name}",
                    "CategoryEncoding",
                    {"num_tokens": 4, "output_mode": mode},
                    None,
                    ids,
                    "int64",
                )
            )
            cases.append(
                TextCase(
                    f"Discretization {mode} {name}",
                    "Discretization",
                    {"bin_boundaries": [0.5, 1.5, 2.5], "output_mode": mode},
                    None,
                    ids,
                    "float32",
                )
            )
    return cases


CASES = [*_lookups(), *_adapted(), *_texts(), *_hashes(), *_encodings()]
