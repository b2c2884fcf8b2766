"""The texts of the pages: one folder a language, ready for translators. A missing text is an error."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

LANGUAGE = "en"


@cache
def texts(language: str = LANGUAGE) -> dict[str, str]:
    """Key such as ``home.title`` -> text."""
    out: dict[str, str] = {}
    for file in sorted(files("soleus.web").joinpath("catalogues", language).iterdir(), key=lambda f: f.name):
        tree = yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader)  # all is text: "yes" too
        found = dict(_flat(tree, ""))
        twice = sorted(out.keys() & found.keys())
        if twice:
            raise KeyError(f"{file.name}: {twice[0]} stands in another file too")
        out |= found
    return out


def _flat(tree: dict[str, Any], before: str) -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []
    for key, value in tree.items():
        out += _flat(value, f"{before}{key}.") if isinstance(value, dict) else [(before + key, str(value))]
    return out


def text(key: str, **values: object) -> str:
    """The text of a key with its ``{places}`` filled. Raises `KeyError` for a key or place that is missing."""
    found = texts()[key]
    return found.format(**values) if values else found
