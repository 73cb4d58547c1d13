"""What of a text a row may hold: up to six of 1,023 bins, by a hash that needs the city's key.

A text is cut into grams: pairs of neighbouring signs where a script has no spaces between words (Han, kana,
hangul, Thai and its kin), whole words elsewhere. Of all grams of a text those with the smallest hashes are
kept (min-hash, Broder 1997), so that equal wordings give equal bins; everything else of it is forgotten.
"""

import functools
import hashlib
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

import numpy as np

from streams.panel import Array
from streams.pseudonyms import fitted

BINS: Final = 1_023
"""Bins are numbered from 1; 0 is an empty place."""

KEPT: Final = 6
"""Bins of a text; more would tell more of it, fewer would miss more of what is new."""

_BIN_BITS: Final = 10
_CUT: Final = "\x1e"
_LEAST_LETTERS: Final = 3
_LONGEST_WORD: Final = 24
_TEXTS_AT_ONCE: Final = 1_024  # so many texts' grams fit a core's own cache
_MARK: Final = re.compile("‹[a-z]{1,8}›")

_FILLERS: Final = "的了是在我们这那也就都和与及请您你吗呢吧啊把很着"
"""Signs that only hold a sentence together: a pair with one of them says nothing."""

_STOP_WORDS: Final = (
    "the and for are was were not but you all any can had has have her his him its our out their them they "
    "this that these those there here with without from into onto over about after before since until been "
    "being will would could should may might must shall who what when where which while why how very just "
    "please also than then some such only more most much many very your yours mine ours she did does done "
    "report reported reporting reports call called calling caller calls complaint complaints complain "
    "complains complained request requested requests issue issues problem problems advise advised inform "
    "informed regarding resident residents customer citizen thank thanks hello sir madam"
)

_FORMULAS: Final = re.compile(
    "市民|来电|反映|诉求人?|希望|相关部门|问题|投诉|表示|要求|尽快|处理|解决|咨询|建议|举报|您好|你好|谢谢"
)
"""What a hotline writes into every text."""

_SPACELESS: Final = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3005, 0x3007), (0x3040, 0x30FF),
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF),
)  # fmt: skip
_WIDE_SIGNS: Final = "，！？：；（）～…"
_APART, _LETTER, _SIGN = 0, 1, 2


class Key:
    """The city's key, made ready for hashing grams."""

    __slots__ = ("halves",)

    def __init__(self, city_key: bytes) -> None:
        digest = hashlib.blake2b(digest_size=16, key=fitted(city_key), person=b"wording").digest()
        self.halves = tuple(int(half) for half in np.frombuffer(digest, "<u8"))


def wordings(texts: Sequence[str | None], key: Key) -> Array:
    """The bins of each text, packed, (n,) int64: equal for equal wordings, 0 where there is no gram.

    Never raises, whatever the texts hold; they must be redacted.
    """
    parts = [
        _packed(texts[first : first + _TEXTS_AT_ONCE], key) for first in range(0, len(texts), _TEXTS_AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def bins_of(packed: Array) -> Array:
    """The bins of packed wordings, (n, 6) int64, each bin of a row once and 0 in empty places."""
    shifts = np.arange(KEPT, dtype=np.int64) * _BIN_BITS
    return np.asarray(packed)[:, None] >> shifts & BINS


def _packed(texts: Sequence[str | None], key: Key) -> Array:
    """``wordings`` of a few texts."""
    places, grams = _grams(_plain(texts))
    if not len(grams):
        return np.zeros(len(texts), np.int64)
    hashes = siphash(grams, key.halves)
    # text, then the hash's upper bits, then its bin: one sort finds the least hashes of every text
    order = (places << np.uint64(54)) | (hashes >> np.uint64(20) << np.uint64(_BIN_BITS))
    order |= (hashes & np.uint64((1 << 20) - 1)) % np.uint64(BINS) + np.uint64(1)
    order.sort()
    order = order[np.concatenate(([True], order[1:] != order[:-1]))]
    place = (order >> np.uint64(54)).astype(np.int64)
    rank = np.arange(len(order)) - np.searchsorted(place, place)
    least = rank < KEPT
    kept = np.zeros((len(texts), KEPT), np.int64)
    kept[place[least], rank[least]] = (order[least] & np.uint64(BINS)).astype(np.int64)
    kept.sort(axis=1)
    kept[:, 1:][kept[:, 1:] == kept[:, :-1]] = 0
    return np.asarray((kept << (np.arange(KEPT) * _BIN_BITS)).sum(axis=1))


def _plain(texts: Sequence[str | None]) -> str:
    """All texts as one, a cut after each: compatibility forms resolved, small letters, no marks."""
    joined = _CUT.join([text.replace(_CUT, " ") if text else "" for text in texts]) + _CUT
    if "‹" in joined:
        joined = _MARK.sub(" ", joined)
    if joined.isascii():
        return joined.lower()
    for sign in _WIDE_SIGNS:  # without them most texts are in normal form already, which costs a tenth
        joined = joined.replace(sign, " ")
    return _FORMULAS.sub(" ", unicodedata.normalize("NFKC", joined)).casefold()


def _grams(joined: str) -> tuple[Array, Array]:
    """Of each gram the text that it stands in and what it is, both (n,) uint64."""
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4")
    sorts = _sorts()[np.minimum(codes, 0xFFFF)]
    sorts[(codes >= 0x20000) & (codes < 0x32000)] = _SIGN
    place = np.cumsum(codes == ord(_CUT))
    pairs, words, word_grams = _pairs(codes, sorts), *_words(codes, sorts)
    signs = codes.astype(np.uint64)
    pair_grams = signs[pairs] << np.uint64(32) | signs[pairs + 1]
    where = np.concatenate((place[pairs], place[words])).astype(np.uint64)
    return where, np.concatenate((pair_grams, word_grams))


def _pairs(codes: Array, sorts: Array) -> Array:
    """Where a pair of two signs begins."""
    is_sign = sorts == _SIGN
    return np.flatnonzero(is_sign[:-1] & is_sign[1:])


def _words(codes: Array, sorts: Array) -> tuple[Array, Array]:
    """Where each word begins that is no stop word, and a number of 64 bits that stands for it."""
    is_letter = sorts == _LETTER
    letters = np.flatnonzero(is_letter)
    if not len(letters):
        return letters, np.zeros(0, np.uint64)
    before = np.concatenate(([False], is_letter[:-1]))
    firsts = np.flatnonzero(~before[letters])
    lengths = np.diff(firsts, append=len(letters))
    within = np.arange(len(letters)) - np.repeat(firsts, lengths)
    values = codes[letters].astype(np.uint64) * _POWERS[np.minimum(within, _LONGEST_WORD)]
    numbers = np.add.reduceat(values, firsts)
    kept = (lengths >= _LEAST_LETTERS) & ~np.isin(numbers, _stop_numbers())
    return letters[firsts[kept]], numbers[kept]


_POWERS: Final = np.array(
    [*(pow(0x9E3779B97F4A7C15, k + 1, 1 << 64) for k in range(_LONGEST_WORD)), 0], np.uint64
)
"""What a letter is multiplied by at its place in a word; later letters do not count."""


@functools.cache
def _stop_numbers() -> Array:
    """What stands for each stop word; (n,) uint64."""
    words = set(_STOP_WORDS.split())
    codes = [np.frombuffer(word.encode("utf-32-le"), "<u4").astype(np.uint64) for word in words]
    return np.array([(code * _POWERS[: len(code)]).sum() for code in codes], np.uint64)


@functools.cache
def _sorts() -> Array:
    """What each character of the basic plane is to a gram: (65,536,) uint8."""
    sorts = np.zeros(1 << 16, np.uint8)
    letters = ("Ll", "Lu", "Lt", "Lm", "Lo", "Mn", "Mc")
    sorts[[code for code in range(1 << 16) if unicodedata.category(chr(code)) in letters]] = _LETTER
    for first, last in _SPACELESS:
        block = sorts[first : last + 1]
        block[block == _LETTER] = _SIGN
    sorts[[ord(sign) for sign in _FILLERS]] = _APART
    sorts[0xFE00:0xFE10] = _APART  # they only say how an emoji is drawn
    return sorts


def siphash(words: Array, key: tuple[int, ...]) -> Array:
    """SipHash-1-3 of messages of eight bytes: ``words`` (n,) uint64, two halves of a key, (n,) uint64.

    Aumasson and Bernstein 2012: without the key the hash of a gram cannot be told from chance.
    """
    state = [np.full(len(words), half ^ part, np.uint64) for half, part in zip(key * 2, _PARTS, strict=True)]
    spare = np.empty_like(state[0])
    for block in (words, np.uint64(8 << 56)):
        state[3] ^= block
        _round(state, spare)
        state[0] ^= block
    state[2] ^= np.uint64(0xFF)
    for _ in range(3):
        _round(state, spare)
    return np.asarray(state[0] ^ state[1] ^ state[2] ^ state[3])


_PARTS: Final = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)


def _round(v: list[Array], spare: Array) -> None:
    """One SipRound, in place: twelve additions, turns and differences of four words."""
    for a, b, turn in ((0, 1, 13), (2, 3, 16), (0, 3, 21), (2, 1, 17)):
        v[a] += v[b]
        _turn(v[b], turn, spare)
        v[b] ^= v[a]
        if turn in (13, 17):
            _turn(v[a], 32, spare)


def _turn(word: Array, bits: int, spare: Array) -> None:
    """Rotate each number to the left, in place."""
    np.right_shift(word, np.uint64(64 - bits), out=spare)
    word <<= np.uint64(bits)
    word |= spare
