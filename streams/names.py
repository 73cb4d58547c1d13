"""One thing's names in several languages."""


def name_in(locale: str, names: dict[str, str], otherwise: str) -> str:
    """The name for ``locale`` (zh-CN), else for its language (zh), else English, else ``otherwise``."""
    return names.get(locale) or names.get(locale.split("-")[0]) or names.get("en") or otherwise
