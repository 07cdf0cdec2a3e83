"""Over-represented words: against the published formula worked out by hand, and by meaning."""

import math

import numpy as np
import pytest

from probing.keywords import overrepresented, words


def z_by_hand(inside: int, outside: int, all_inside: int, all_outside: int) -> float:
    """Equations 16, 22 of Monroe et al. 2008, the prior in proportion to the whole."""
    worth = 0.05 * (all_inside + all_outside)  # below 10,000 words
    a = worth * (inside + outside) / (all_inside + all_outside)

    def odds(y: int, n: int) -> float:
        return math.log((y + a) / (n + worth - y - a))

    variance = 1 / (inside + a) + 1 / (outside + a)
    return (odds(inside, all_inside) - odds(outside, all_outside)) / math.sqrt(variance)


def test_the_published_formula() -> None:
    texts = ["the soup was cold"] * 30 + ["the train was late"] * 50
    chosen = np.arange(80) < 30
    frame = overrepresented(texts, chosen).set_index("word")
    assert set(frame.index) == {"soup", "cold"}
    expected = z_by_hand(30, 0, 4 * 30, 4 * 50)
    assert frame.loc["soup", "z"] == pytest.approx(expected)
    assert tuple(frame.loc["cold", ["inside", "outside"]]) == (30, 0)


def test_the_words_of_all_are_no_words_of_some() -> None:
    texts = [f"the thing number {'soup' if i % 2 else 'train'}" for i in range(200)]
    chosen = np.arange(200) % 2 == 1
    assert list(overrepresented(texts, chosen)["word"]) == ["soup"]


def test_a_random_choice_has_hardly_any_word() -> None:
    rng = np.random.default_rng(0)
    vocabulary = [f"w{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(400)]
    texts = [" ".join(rng.choice(vocabulary, 8)) for _ in range(600)]
    frame = overrepresented(texts, rng.random(600) < 0.3, most=400)
    assert len(frame) < 0.05 * 400  # one in 40 by chance; the prior lets fewer through


def test_a_word_counts_once_a_sentence_and_in_any_case() -> None:
    texts = [*["Soup soup SOUP", "soup"] * 5, *["bread"] * 40]
    frame = overrepresented(texts, np.arange(50) < 10)
    assert list(frame["word"]) == ["soup"]
    assert frame["inside"].tolist() == [10]


@pytest.mark.parametrize("chosen", [np.zeros(3, bool), np.ones(3, bool)])
def test_none_and_all_have_no_words(chosen: np.ndarray) -> None:
    assert len(overrepresented(["a b", "a c", "a b"], chosen)) == 0


def test_words_of_languages() -> None:
    assert words("Don't stop: l’été 2 x_y") == {"don't", "stop", "l’été", "x", "y"}
    assert words("服务员很好") == {"服务", "务员", "员很", "很好"}
    assert words("吃 pizza吧") == {"吃", "pizza", "吧"}
    assert words("123 !!") == set()
