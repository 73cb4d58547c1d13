"""One evening for all tests of this folder; each lives a night of its own."""

import pytest

from tests.acceptance.evening import Evening


@pytest.fixture(scope="session")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Evening:
    with pytest.MonkeyPatch.context() as patched:
        return Evening(tmp_path_factory.mktemp("evening") / "store", patched)
