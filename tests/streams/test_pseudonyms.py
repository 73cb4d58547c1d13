"""Which identifiers are taken for a person's own, wherever they stand."""

import pytest

from streams.pseudonyms import looks_personal

PERSONAL = (
    "13812345678", "8613812345678", "+8613812345678", "5+8613812345678", "tel13812345678.",
    "a\n13812345678\nb",
    "110101199003078515", "11010119900307851X", "11010119900307851x", "id:110101199003078515",
    "123-45-6789", "0123-45-67890", "wang@example.org",
)  # fmt: skip
PLAIN = (
    "", "202400000123", "1381234567", "138123456789", "98613812345678", "12812345678", "HL-2024-0012",
    "1101011990030785150", "1101011990030785", "123-456-789", "c17", "2024\n00001381\n2345678",
)  # fmt: skip


@pytest.mark.parametrize("identifier", PERSONAL)
def test_phones_national_ids_and_addresses_are_personal(identifier: str) -> None:
    assert looks_personal(identifier)


@pytest.mark.parametrize("identifier", PLAIN)
def test_case_numbers_are_not(identifier: str) -> None:
    assert not looks_personal(identifier)
