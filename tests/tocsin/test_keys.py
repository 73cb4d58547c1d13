"""The secrets of a data directory, where several processes of a city start at once."""

import multiprocessing
from pathlib import Path

import tocsin
from tocsin import config
from tocsin.keys import pseudonym_key

STARTER = Path(tocsin.__file__).parent / "starter"


def made(store: str) -> bytes:
    return pseudonym_key(config.load(STARTER), Path(store))


def test_processes_that_start_together_have_one_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        for number in range(12):
            keys = pool.map(made, [str(tmp_path / str(number))] * 4, chunksize=1)
            assert len(set(keys)) == 1
            assert len(keys[0]) == 32
            assert [path.name for path in (tmp_path / str(number)).iterdir()] == ["pseudonym.key"]


def test_the_key_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    made(str(tmp_path))
    assert (tmp_path / "pseudonym.key").stat().st_mode & 0o777 == 0o600
