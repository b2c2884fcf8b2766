"""Write knowledge files in one stable shape: sorted records, short lists in flow style, wide lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

REVIEW = {
    "curator": "Soleus maintainers",
    "status": "submitted",
    "last_reviewed": "2026-11-21",
    "review_by": "2027-11-21",
}


class _Flow(dict[Any, Any]):
    """A mapping written on one line."""


class _FlowList(list[Any]):
    """A list written on one line."""


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        return super().increase_indent(flow, False)


_Dumper.add_representer(
    _Flow, lambda d, data: d.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=True)
)
_Dumper.add_representer(_FlowList, lambda d, data: d.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True))


def _shape(value: Any, top: bool = True) -> Any:
    """Lists of plain values and inner mappings become flow style; lists of mappings keep a line each."""
    if isinstance(value, Mapping):
        inner = {k: _shape(v, top=False) for k, v in value.items() if v is not None}
        return inner if top else _Flow(inner)
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = [_shape(v, top=False) for v in value]
        return items if items and isinstance(items[0], _Flow) else _FlowList(items)
    return value


def _without_empty(record: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in record.items() if v is not None and v not in ([], {}, "")}


def dump_records(path: Path, kind: str, records: Sequence[Mapping[str, Any]], one_line: bool = False) -> None:
    """Write ``records`` of ``kind`` to ``path``, sorted by id; ``one_line`` puts each record on one line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    ordered = [_without_empty(r) for r in sorted(records, key=lambda r: str(r["id"]))]
    shaped = [_shape(r, top=not one_line) for r in ordered]
    document = {"kind": kind, "review": _Flow(REVIEW), "records": shaped}
    text = yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100_000, default_flow_style=False
    )
    path.write_text(text, encoding="utf-8")
