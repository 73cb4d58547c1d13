import pytest

from streams.errors import ConfigError
from streams.taxonomy import Category, Taxonomy, TaxonomyConfig, taxonomy


def category(name: str, **more: object) -> Category:
    return Category(id=name, names={"en": name.title(), "zh-CN": "煤气"}, law_kind="accident", **more)  # type: ignore[arg-type]


def test_order_is_that_of_the_file() -> None:
    kinds = taxonomy(TaxonomyConfig(category=(category("water"), category("gas"))))
    assert kinds.category_ids == ("water", "gas")
    assert (kinds.index("gas"), kinds.index("noise"), len(kinds)) == (1, -1, 2)
    assert kinds.category("gas").name("zh-CN") == "煤气"
    assert kinds.nearest("gass") == "gas"


def test_hash_follows_content() -> None:
    one, same = Taxonomy((category("gas"),)), Taxonomy((category("gas"),))
    other = Taxonomy((category("gas", fast_severity=3),))
    assert one.content_hash == same.content_hash != other.content_hash


@pytest.mark.parametrize(
    ("categories", "sentence"),
    [
        ((), "taxonomy.toml: has no category; add at least one [[category]]"),
        ((category("gas"), category("gas")), "category 'gas': id is empty or used twice"),
        ((category("gas", fast_severity=7),), "fast_severity: is 7; use 1 minor"),
    ],
)
def test_refusals_name_the_category(categories: tuple[Category, ...], sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        Taxonomy(categories)
    assert sentence in str(error.value)
