"""Checkpoints: whatever a state holds comes back the same; whatever is damaged is refused in a sentence."""

import math
import struct
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from streams.errors import IntegrityError
from streams.ledger import blank_rows
from tocsin import checkpoint
from tocsin.checkpoint import Manifest


class Leaf(msgspec.Struct, frozen=True, eq=False, tag="leaf"):
    values: np.ndarray
    weight: float | None = None


class Twig(msgspec.Struct, frozen=True, tag="twig"):
    words: tuple[str, ...]


class Tree(msgspec.Struct, frozen=True, eq=False):
    panel: np.ndarray
    machines: dict[str, Leaf | Twig]
    at: int
    generic: np.ndarray[Any, np.dtype[Any]]
    note: str | None = None


def tree(**changes: Any) -> Tree:
    rows = blank_rows(3)
    rows["id_hash"] = 2**64 - 1
    parts = {
        "panel": np.arange(6, dtype=np.int32).reshape(2, 3),
        "machines": {"s2": Leaf(np.array([]), math.nan), "s1": Twig(("街道", ""))},
        "at": 1_700_000_000,
        "generic": rows,
    }
    return Tree(**{**parts, **changes})


ARRAYS = st.one_of(
    hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    for dtype in (np.int64, np.float64, np.float32, np.bool_, np.uint8, "<U3", "S2", ">i4", "<M8[s]")
)


@given(ARRAYS, st.one_of(st.none(), st.text()), st.integers(-(2**63), 2**64 - 1))
def test_a_state_comes_back_as_it_was(array: np.ndarray, note: str | None, at: int) -> None:
    data = checkpoint.encode(tree(generic=array, note=note, at=at))
    back = checkpoint.decode(data, Tree)
    assert (back.note, back.at) == (note, at)
    assert back.generic.dtype == array.dtype and back.generic.shape == array.shape
    assert back.generic.tobytes() == array.tobytes()
    assert checkpoint.encode(back) == data


def test_structured_rows_nan_tags_and_order_survive() -> None:
    back = checkpoint.decode(checkpoint.encode(tree()), Tree)
    assert back.generic.dtype == tree().generic.dtype and back.generic["id_hash"][0] == 2**64 - 1
    assert list(back.machines) == ["s2", "s1"]
    leaf, twig = back.machines.values()
    assert isinstance(leaf, Leaf) and math.isnan(leaf.weight or 0) and isinstance(twig, Twig)
    assert back.panel.flags.writeable and back.panel.flags.c_contiguous


def test_views_and_fortran_order_are_saved_by_value() -> None:
    wide = np.asfortranarray(np.arange(12.0).reshape(3, 4))
    back = checkpoint.decode(checkpoint.encode(tree(panel=wide[::2, ::-1])), Tree)
    assert (back.panel == wide[::2, ::-1]).all()


@pytest.mark.parametrize("leaf", [np.array([object()]), object()])
def test_what_has_no_plain_form_is_refused_when_saved(leaf: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        checkpoint.encode(tree(panel=leaf))


@given(st.data())
def test_any_damaged_byte_is_noticed(data: st.DataObject) -> None:
    whole = checkpoint.encode(tree())
    at = data.draw(st.integers(0, len(whole) - 1))
    broken = whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :]
    with pytest.raises(IntegrityError, match="checkpoint"):
        checkpoint.decode(broken, Tree)


@given(st.integers(0, len(checkpoint.encode(tree())) - 1))
def test_any_cut_is_noticed(length: int) -> None:
    with pytest.raises(IntegrityError):
        checkpoint.decode(checkpoint.encode(tree())[:length], Tree)


def test_a_newer_schema_is_named() -> None:
    data = bytearray(checkpoint.encode(tree()))
    struct.pack_into("<H", data, 8, 9)
    with pytest.raises(IntegrityError, match="schema version 9, this program reads 1"):
        checkpoint.decode(bytes(data), Tree)


class Grown(msgspec.Struct, frozen=True, eq=False):
    panel: np.ndarray
    machines: dict[str, Leaf | Twig]
    at: int
    generic: np.ndarray
    note: str | None = None
    more: int = 0


class Shrunk(msgspec.Struct, frozen=True, eq=False):
    panel: np.ndarray


class SmallLeaf(msgspec.Struct, frozen=True, eq=False, tag="leaf"):
    values: np.ndarray


class Inner(msgspec.Struct, frozen=True, eq=False):
    panel: np.ndarray
    machines: dict[str, SmallLeaf | Twig]
    at: int
    generic: np.ndarray
    note: str | None = None


@pytest.mark.parametrize("kind", [Grown, Shrunk, Inner])
def test_a_state_of_another_shape_is_refused(kind: type) -> None:
    with pytest.raises(IntegrityError, match="another version"):
        checkpoint.decode(checkpoint.encode(tree()), kind)


def test_what_an_older_program_wrote_as_a_change_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "Manifest", lambda _none, *rest: Manifest(3, *rest))
    data = checkpoint.encode(tree())
    monkeypatch.undo()
    with pytest.raises(IntegrityError, match="only a change to checkpoint 3"):
        checkpoint.decode(data, Tree)
