"""States as bytes and back: a manifest in JSON, the arrays behind it, a digest over all; never a pickle.

Layout: magic, schema version (u16), length of the manifest (u64), manifest, padding, arrays (each on a
64-byte boundary, C order), blake2b-256 of everything before it.
"""

import hashlib
import json
import math
import struct
from collections.abc import Callable
from typing import Any, Final, NoReturn, TypeVar, get_type_hints

import msgspec
import numpy as np

from streams.errors import IntegrityError

MAGIC: Final = b"TOCSINCP"
SCHEMA_VERSION: Final = 1

_HEAD: Final = struct.Struct("<8sHQ")
_DIGEST_BYTES: Final = 32
_ALIGNMENT: Final = 64
_REMEDY: Final = "an older checkpoint is used if one can be read, else the ledger is folded from its start"

State = TypeVar("State", bound=msgspec.Struct)


class ArrayHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where one array lies behind the manifest: ``at`` in bytes from the first array."""

    dtype: Any
    shape: tuple[int, ...]
    at: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the bytes hold; ``snapshot`` is None, but in what an older program wrote as a change to another.

    ``tree`` is the canonical text of the state, with the number of an array in place of each array.
    """

    snapshot: int | None
    arrays: tuple[ArrayHead, ...]
    tree: str


def encode(state: msgspec.Struct) -> bytes:
    """The bytes of ``state``; equal states give equal bytes.

    Raises:
        TypeError: a leaf that is neither an array, a JSON scalar nor a struct of them.
    """
    return _pack({name: getattr(state, name) for name in state.__struct_fields__})


def decode(data: bytes, kind: type[State]) -> State:
    """The state in those bytes.

    Raises:
        IntegrityError: damaged bytes, a newer schema, part of a state, or a state of another shape than
            ``kind``.
    """
    manifest, arrays = _unpack(data)
    if manifest.snapshot is not None:
        _refuse(f"is only a change to checkpoint {manifest.snapshot}")
    parts = _parts(manifest.tree, arrays, kind)
    missing = [name for name in kind.__struct_fields__ if name not in parts]
    if missing:
        _refuse(f"holds no {', '.join(missing)}: another version of the program wrote it")
    return kind(**parts)


def _pack(parts: dict[str, Any]) -> bytes:
    arrays: list[np.ndarray] = []
    tree = _text(msgspec.to_builtins(parts, enc_hook=_collector(arrays)))
    heads, at = [], 0
    for array in arrays:
        heads.append(ArrayHead(_descr(array.dtype), array.shape, at))
        at = _aligned(at + array.nbytes)
    body = msgspec.json.encode(Manifest(None, tuple(heads), tree))
    pieces: list[Any] = [_HEAD.pack(MAGIC, SCHEMA_VERSION, len(body)), body, _padding(_HEAD.size + len(body))]
    for array in arrays:
        pieces += (np.ascontiguousarray(array).reshape(-1).view(np.uint8).data, _padding(array.nbytes))
    return _signed(pieces)


def _signed(pieces: list[Any]) -> bytes:
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for piece in pieces:
        digest.update(piece)
    return b"".join((*pieces, digest.digest()))


def _collector(arrays: list[np.ndarray]) -> Callable[[Any], Any]:
    """Puts each array aside and leaves its number."""

    def reference(leaf: Any) -> Any:
        if isinstance(leaf, np.generic) and not isinstance(leaf, np.void):
            return leaf.item()
        if not isinstance(leaf, np.ndarray) or leaf.dtype.hasobject:
            raise TypeError(f"a state cannot hold {type(leaf).__name__} {leaf!r:.60}")
        arrays.append(leaf)
        return len(arrays) - 1

    return reference


def _text(tree: Any) -> str:
    """Insertion order is kept: a state's dicts have an order, and a restored state must have the same."""
    return json.dumps(tree, ensure_ascii=False, separators=(",", ":"))


def _descr(dtype: np.dtype[Any]) -> Any:
    return np.lib.format.dtype_to_descr(dtype)


def _dtype(descr: Any) -> np.dtype[Any]:
    """The inverse of ``_descr`` after JSON, which knows lists only; refuses object arrays."""
    dtype = np.lib.format.descr_to_dtype(_tuples(descr))
    if dtype.hasobject:
        _refuse("names an array of Python objects")
    return dtype


def _tuples(descr: Any) -> Any:
    """Fields are tuples in a list; a shape inside a field is a tuple of integers."""
    if not isinstance(descr, list):
        return descr
    return [tuple(tuple(x) if _is_shape(x) else _tuples(x) for x in field) for field in descr]


def _is_shape(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(x, int) for x in value)


def _aligned(at: int) -> int:
    return -(-at // _ALIGNMENT) * _ALIGNMENT


def _padding(size: int) -> bytes:
    return bytes(_aligned(size) - size)


def _unpack(data: bytes) -> tuple[Manifest, list[np.ndarray]]:
    if len(data) < _HEAD.size + _DIGEST_BYTES:
        _refuse(f"is cut short at {len(data)} bytes")
    magic, version, length = _HEAD.unpack_from(data)
    if magic != MAGIC:
        _refuse("does not begin as a checkpoint does")
    if version != SCHEMA_VERSION:
        _refuse(f"has schema version {version}, this program reads {SCHEMA_VERSION}")
    view = memoryview(data)
    if hashlib.blake2b(view[:-_DIGEST_BYTES], digest_size=_DIGEST_BYTES).digest() != view[-_DIGEST_BYTES:]:
        _refuse("does not match its digest: it is damaged or cut short")
    end = _HEAD.size + length
    manifest = _read(view[_HEAD.size : end])
    return manifest, [_array(view[_aligned(end) : -_DIGEST_BYTES], head) for head in manifest.arrays]


def _read(body: memoryview) -> Manifest:
    try:
        return msgspec.json.decode(body, type=Manifest)
    except msgspec.MsgspecError as error:
        _refuse(f"has a manifest that cannot be read ({error})")


def _array(blob: memoryview, head: ArrayHead) -> np.ndarray:
    """A writable copy, so that a restored state behaves as the one that was saved."""
    try:
        count = math.prod(head.shape)
        array = (
            np.frombuffer(blob, _dtype(head.dtype), count, head.at)
            if count
            else np.empty(0, _dtype(head.dtype))
        )
        return array.reshape(head.shape).copy()
    except (ValueError, TypeError) as error:
        _refuse(f"names an array that is not there ({error})")


def _parts(tree: str, arrays: list[np.ndarray], kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The named parts, each of its declared type, proved by writing them again."""
    hints = get_type_hints(kind)
    try:
        parts = {
            name: msgspec.convert(value, hints[name], dec_hook=_placer(arrays))
            for name, value in json.loads(tree).items()
        }
    except (msgspec.MsgspecError, LookupError, ValueError, TypeError, AttributeError) as error:
        _refuse(f"holds a state of another shape ({error}): another version of the program wrote it")
    if _text(msgspec.to_builtins(parts, enc_hook=_collector([]))) != tree:
        _refuse("holds a state with other fields: another version of the program wrote it")
    return parts


def _placer(arrays: list[np.ndarray]) -> Callable[[Any, Any], Any]:
    """Puts each array back for its number."""

    def place(kind: Any, number: Any) -> Any:
        if getattr(kind, "__origin__", kind) is not np.ndarray:
            raise TypeError(f"a state cannot hold {kind}")
        return arrays[number]

    return place


def _refuse(what: str) -> NoReturn:
    raise IntegrityError("checkpoint", what, _REMEDY)
