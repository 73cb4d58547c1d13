"""What a row holds of a text: equal wordings are equal, other keys see nothing, and no text can break it."""

import numpy as np
import pytest

from streams.wording import BINS, KEPT, Key, bins_of, siphash, wordings

KEY = Key(b"a city's key")
HOSTILE = {
    "nothing": "",
    "none": None,
    "one character a million times": "a" * 1_000_000,
    "one sign a million times": "水" * 1_000_000,
    "control characters": "\x00\x1e\n\x1f" * 1000,
    "digits": "1234567890" * 400,
    "emoji": "😀👨‍👩‍👧☔️" * 500,
    "half of a surrogate pair": "\ud800 pipe \udfff",
    "a sign that unfolds into eighteen": "\ufdfa" * 4000,
    "combining marks": "e\u0301\u0301\u0301" * 1000,
    "turned around": "\u202eطفح المجاري\u202c broken",
    "marks only": "‹phone›" * 500,
}


def bins(text: str, key: Key = KEY) -> set[int]:
    return set(bins_of(wordings([text], key))[0].tolist()) - {0}


def test_equal_wordings_give_equal_bins_however_they_are_written():
    for alike in (
        ("Water main burst near the school", "WATER  MAIN, burst near the school!!"),
        ("水管爆裂，路面塌陷", "水管爆裂。 路面塌陷"),
        ("ｗａｔｅｒ main burst", "water main burst"),
        ("pipe burst, call ‹phone›", "pipe burst, call "),
        ("3号楼漏水", "17号楼漏水"),
    ):
        assert len({*wordings(alike, KEY).tolist()}) == 1, alike
    assert wordings(["水管爆裂"], KEY)[0] != wordings(["路灯不亮"], KEY)[0]


def test_a_wording_is_a_few_of_the_bins_each_once():
    packed = wordings(
        ["the quick brown fox jumps over some lazy dogs " * 50, "路面积水严重影响通行" * 40], KEY
    )
    for row in bins_of(packed).tolist():
        kept = [number for number in row if number]
        assert 0 < len(kept) <= KEPT
        assert len(set(kept)) == len(kept) and max(kept) <= BINS
    assert (packed > 0).all()


def test_texts_that_share_words_share_bins():
    one, two = "manhole cover missing", "another manhole cover missing today"
    assert len(bins(one) & bins(two)) == 3
    assert len(bins("井盖丢失") & bins("井盖丢失了")) == 3
    assert not bins("manhole cover missing") & bins("gas smell")


def test_a_text_means_the_same_alone_and_among_others():
    texts = [f"street lamp {name} is broken" for name in ("red", "green", "blue")] * 900 + [
        None,
        "",
        "井盖丢失",
    ]
    alone = [int(wordings([text], KEY)[0]) for text in texts[-6:]]
    assert wordings(texts, KEY)[-6:].tolist() == alone


def test_nothing_is_told_of_fillers_numbers_and_short_words():
    for empty in (
        "the and for with",
        "的了是在",
        "市民来电反映，希望尽快处理",
        "12 345",
        "a b c ok",
        "！？…",
    ):
        assert wordings([empty], KEY)[0] == 0, empty


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_breaks_nothing_and_no_neighbour(text):
    packed = wordings(["水管爆裂", text, "水管爆裂"], KEY)
    assert packed.dtype == np.int64 and (packed >= 0).all()
    assert packed[0] == packed[2] == wordings(["水管爆裂"], KEY)[0]


def test_another_key_gives_other_bins():
    text = "manhole cover missing near the market"
    assert bins(text) != bins(text, Key(b"another key"))
    assert bins(text) == bins(text, Key(b"a city's key"))
    assert bins(text, Key(b"long" * 40)) != bins(text)


def test_the_hash_is_siphash_1_3():
    """Against the same rounds written out for Python's numbers; key 0 … 15 as in the paper's appendix."""
    key = tuple(int.from_bytes(bytes(range(k, k + 8)), "little") for k in (0, 8))
    words = [int.from_bytes(bytes(range(8)), "little"), 0, 5, (1 << 64) - 1]
    found = siphash(np.array(words, np.uint64), key).tolist()
    assert found == [by_hand(word, key) for word in words]


def by_hand(word: int, key: tuple[int, ...]) -> int:
    full = (1 << 64) - 1
    v = [
        k ^ int.from_bytes(p, "big")
        for k, p in zip(key * 2, (b"somepseu", b"dorandom", b"lygenera", b"tedbytes"), strict=True)
    ]

    def turn(x: int, bits: int) -> int:
        return (x << bits | x >> (64 - bits)) & full

    def scramble() -> None:
        v[0] = (v[0] + v[1]) & full
        v[1] = turn(v[1], 13) ^ v[0]
        v[0] = turn(v[0], 32)
        v[2] = (v[2] + v[3]) & full
        v[3] = turn(v[3], 16) ^ v[2]
        v[0] = (v[0] + v[3]) & full
        v[3] = turn(v[3], 21) ^ v[0]
        v[2] = (v[2] + v[1]) & full
        v[1] = turn(v[1], 17) ^ v[2]
        v[2] = turn(v[2], 32)

    for block in (word, 8 << 56):
        v[3] ^= block
        scramble()
        v[0] ^= block
    v[2] ^= 0xFF
    for _ in range(3):
        scramble()
    return v[0] ^ v[1] ^ v[2] ^ v[3]
