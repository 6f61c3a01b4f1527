"""What the paper reports of its datasets. Source: table 7."""

from typing import NamedTuple


class Reported(NamedTuple):
    """A line of table 7: sizes, and statistics of tokens per text over all splits, by the authors' tokenizer."""

    num_train: int
    num_validation: int
    num_test: int
    mean_tokens: int
    median_tokens: int
    min_tokens: int
    max_tokens: int
    std_tokens: int
    tokens_85_percent: int


TABLE_7 = {
    "imdb": Reported(20_000, 5_000, 25_000, 268, 201, 8, 2753, 197, 430),
    "snli": Reported(549_367, 9_842, 9_824, 23, 22, 5, 124, 7, 30),
    "reuters": Reported(6_737, 1_440, 1_429, 126, 79, 5, 1305, 137, 232),
    "aapd": Reported(53_840, 1_000, 1_000, 167, 161, 1, 599, 70, 242),
}
