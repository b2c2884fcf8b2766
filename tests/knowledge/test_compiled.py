"""The compiled file is what the data say, and its digest is theirs alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from soleus.errors import KnowledgeError
from soleus.knowledge.comparing import FieldChange, compare
from soleus.knowledge.loader import (
    COMPILED,
    DATA,
    Knowledge,
    digest_of,
    load,
    read_compiled,
    read_folder,
    write_compiled,
)

ROWS = (
    {"id": "one", "basis": "expert", "value": 1.0, "unit": "entries", "meaning": "the first"},
    {"id": "two", "basis": "expert", "value": 2.0, "unit": "entries", "meaning": "the second"},
)


def written(folder: Path, files: dict[str, tuple[dict[str, Any], ...]]) -> Path:
    """A small base of parameters, spread over files."""
    folder.mkdir()
    for name, rows in files.items():
        (folder / name).write_text(yaml.safe_dump({"kind": "parameter", "records": list(rows)}), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return load(DATA)


def test_the_compiled_file_is_that_of_the_data(knowledge: Knowledge) -> None:
    """If this fails, run `soleus knowledge compile`."""
    compiled = read_compiled(COMPILED)
    assert (compiled.version, compiled.digest) == (knowledge.version, knowledge.digest)
    assert compare(compiled, knowledge).empty


def test_the_compiled_facets_are_those_that_the_data_give(knowledge: Knowledge) -> None:
    compiled = read_compiled(COMPILED)
    assert compiled.facets.keys() == knowledge.facets.keys()
    for facet, table in knowledge.facets.items():
        for s, (w, a, b) in table.items():
            assert _flat(compiled.facets[facet][s]) == pytest.approx(_flat((w, a, b)), abs=1e-8)


def _flat(row: tuple[float, tuple[float, ...], tuple[float, ...]]) -> list[float]:
    return [row[0], *row[1], *row[2]]


def test_what_is_written_is_read_again(knowledge: Knowledge, tmp_path: Path) -> None:
    write_compiled(knowledge, tmp_path / "compiled.json")
    again = read_compiled(tmp_path / "compiled.json")
    assert again.digest == knowledge.digest
    assert compare(again, knowledge).empty
    assert (tmp_path / "compiled.json").read_bytes() == COMPILED.read_bytes()


def test_the_digest_depends_neither_on_files_nor_on_order(tmp_path: Path) -> None:
    one, two = ROWS
    together = written(tmp_path / "a", {"x.yaml": (one, two)})
    backwards = written(tmp_path / "b", {"x.yaml": (two, one)})
    apart = written(tmp_path / "c", {"a.yaml": (two,), "z.yaml": (dict(reversed(one.items())),)})
    assert len({digest_of(read_folder(f)) for f in (together, backwards, apart)}) == 1


def test_the_digest_depends_on_every_number(tmp_path: Path) -> None:
    one, two = ROWS
    before = written(tmp_path / "a", {"x.yaml": (one, two)})
    after = written(tmp_path / "b", {"x.yaml": (one, {**two, "value": 2.000001})})
    assert digest_of(read_folder(before)) != digest_of(read_folder(after))


def test_the_version_is_that_of_its_file(tmp_path: Path) -> None:
    folder = written(tmp_path / "a", {"x.yaml": ROWS})
    assert load(folder).version == "0"
    (folder / "VERSION").write_text("1.2.3\n", encoding="utf-8")
    assert load(folder).version == "1.2.3"


@pytest.mark.parametrize("text", ["", "{}", "not json", '{"version": 1}'])
def test_a_file_that_is_not_compiled_knowledge_is_an_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "compiled.json").write_text(text, encoding="utf-8")
    with pytest.raises(KnowledgeError):
        read_compiled(tmp_path / "compiled.json")


def test_a_field_that_changed_is_named_with_both_values(tmp_path: Path) -> None:
    one, two = ROWS
    before = load(written(tmp_path / "a", {"x.yaml": (one, two)}))
    after = load(written(tmp_path / "b", {"x.yaml": ({**one, "value": 1.5}, {**two, "id": "three"})}))
    found = compare(before, after)
    assert found.added == {"parameter": ("three",)}
    assert found.removed == {"parameter": ("two",)}
    assert [(c.kind, c.id) for c in found.changed] == [("parameter", "one")]
    assert found.changed[0].fields == (FieldChange("value", 1.0, 1.5),)


def test_alike_bases_do_not_differ(knowledge: Knowledge) -> None:
    copy = {kind: tuple(msgspec.structs.replace(r) for r in rows) for kind, rows in knowledge.records.items()}
    assert compare(knowledge, Knowledge(copy, {}, "9", "other")).empty
