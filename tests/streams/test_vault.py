import stat
from pathlib import Path

import pytest

from streams.errors import DataError, IntegrityError
from streams.vault import Vault

DAY = 86_400
AT = 20_000 * DAY + 5


def test_what_is_sealed_can_be_opened_and_not_read(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "keys")
    sealed = vault.seal(b"call 13812345678", AT)
    assert b"138" not in sealed
    assert vault.open(sealed) == b"call 13812345678"
    assert vault.seal(b"same", AT) != vault.seal(b"same", AT)


def test_keys_are_files_of_one_day_that_only_the_owner_reads(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "keys")
    vault.seal(b"x", AT)
    vault.seal(b"y", AT + DAY)
    (first, second) = sorted((tmp_path / "keys").iterdir())
    assert (first.name, second.name) == ("20000.key", "20001.key")
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_another_process_uses_the_same_keys(tmp_path: Path) -> None:
    sealed = Vault(tmp_path).seal(b"x", AT)
    other = Vault(tmp_path)
    assert other.open(sealed) == b"x"
    assert Vault(tmp_path).open(other.seal(b"y", AT)) == b"y"


def test_after_seven_days_the_bytes_are_gone_even_from_copies(tmp_path: Path) -> None:
    vault, second = Vault(tmp_path), Vault(tmp_path)
    old, new = vault.seal(b"old", AT), vault.seal(b"new", AT + DAY)
    assert second.open(old) == b"old"
    assert vault.erase(AT + 7 * DAY) == ()
    assert vault.erase(AT + 8 * DAY) == (20_000,)
    assert vault.days() == (20_001,)
    for reader in (vault, second, Vault(tmp_path)):
        with pytest.raises(DataError, match="the key of day 20000 is erased"):
            reader.open(old)
        assert reader.open(new) == b"new"


def test_every_opening_is_logged_with_its_reason(tmp_path: Path) -> None:
    seen: list[tuple[int, str]] = []
    vault = Vault(tmp_path, lambda day, why: seen.append((day, why)))
    sealed = vault.seal(b"x", AT)
    assert seen == []
    vault.open(sealed, "retry of dead letter 7")
    assert seen == [(20_000, "retry of dead letter 7")]


@pytest.mark.parametrize("place", [0, 3, 7, 20, -1])
def test_changed_bytes_are_refused(tmp_path: Path, place: int) -> None:
    vault = Vault(tmp_path)
    vault.seal(b"x", AT + 1 * DAY)
    changed = bytearray(vault.seal(b"secret", AT))
    changed[place] ^= 1
    with pytest.raises((IntegrityError, DataError)):
        vault.open(bytes(changed))


@pytest.mark.parametrize("rubbish", [b"", b"TV1", b"hello world, this is not sealed"])
def test_rubbish_is_refused(tmp_path: Path, rubbish: bytes) -> None:
    with pytest.raises(IntegrityError, match="these are no sealed bytes"):
        Vault(tmp_path).open(rubbish)


def test_a_damaged_key_file_is_named(tmp_path: Path) -> None:
    sealed = Vault(tmp_path).seal(b"x", AT)
    (tmp_path / "20000.key").write_bytes(b"short")
    with pytest.raises(IntegrityError, match=r"20000\.key: holds 5 bytes, a key has 32"):
        Vault(tmp_path).open(sealed)
