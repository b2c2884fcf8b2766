"""Changes in YAML: the value becomes another, and nothing else in the file changes."""

from __future__ import annotations

import difflib
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from soleus.editorial.editing import Change, edited, ids
from soleus.errors import KnowledgeError

FILE = """\
# Figures of one kind.
kind: fact
review: {curator: us, status: submitted}
records:
  - {id: flow, value: 0.3, note: 'a quoted one', p: [0.3, 0.7], inner: {a: 1}}  # why it is here
  - id: block
    value: 2
    text: Text that goes
      over two lines.
    # a remark between
    prose: |
      First paragraph.

      Second, with {fact:x} and [@key].
    folded: >-
      One sentence that is folded
      over lines.
    list:
    - {when: {finding: tempo, is: "yes"}, text: first}
    - text: second
      level: avoid
  - id: last
    value: 3
"""


def record(text: str, id: str) -> Any:
    return next(r for r in yaml.safe_load(text)["records"] if r["id"] == id)


def changed_lines(new: str) -> list[str]:
    found = difflib.unified_diff(FILE.splitlines(), new.splitlines(), n=0, lineterm="")
    return [line for line in found if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def test_one_value_in_brackets() -> None:
    new = edited(FILE, [Change("flow", "value", 0.25)])
    assert changed_lines(new) == [
        "-  - {id: flow, value: 0.3, note: 'a quoted one', p: [0.3, 0.7], inner: {a: 1}}  # why it is here",
        "+  - {id: flow, value: 0.25, note: 'a quoted one', p: [0.3, 0.7], inner: {a: 1}}  # why it is here",
    ]


def test_quotes_stay_as_they_were() -> None:
    assert "note: 'another one'" in edited(FILE, [Change("flow", "note", "another one")])


def test_a_text_over_lines_stays_over_lines_and_comments_stay() -> None:
    new = edited(FILE, [Change("block", "text", "Other words that go")])
    assert changed_lines(new) == [
        "-    text: Text that goes",
        "-      over two lines.",
        "+    text: Other words that go",
    ]


def test_prose_keeps_its_lines_so_that_one_word_is_one_line_of_difference() -> None:
    value = record(FILE, "block")["prose"].replace("Second", "Third")
    assert changed_lines(edited(FILE, [Change("block", "prose", value)])) == [
        "-      Second, with {fact:x} and [@key].",
        "+      Third, with {fact:x} and [@key].",
    ]


def test_folded_text_is_folded_again() -> None:
    new = edited(FILE, [Change("block", "folded", "Two sentences. They are folded.")])
    assert record(new, "block")["folded"] == "Two sentences. They are folded."
    assert "    folded: >-\n      Two sentences. They are folded.\n    list:" in new


def test_a_field_that_was_not_there_comes_last() -> None:
    new = edited(FILE, [Change("last", "n", 12), Change("last", "review", {"status": "approved", "reviewer": "A: B"})])
    assert new.endswith("  - id: last\n    value: 3\n    n: 12\n    review: {status: approved, reviewer: 'A: B'}\n")


def test_a_field_that_was_not_there_comes_last_in_brackets_and_before_a_comment() -> None:
    new = edited(FILE, [Change("flow", "n", 12), Change("flow", "inner/b", 2)])
    assert "p: [0.3, 0.7], inner: {a: 1, b: 2}, n: 12}  # why it is here\n" in new


def test_a_field_deep_inside() -> None:
    new = edited(FILE, [Change("block", "list/0/when/is", "no"), Change("block", "list/1/level", "caution")])
    assert record(new, "block")["list"][0]["when"] == {"finding": "tempo", "is": "no"}
    assert "      level: caution\n" in new
    assert len(changed_lines(new)) == 4


def test_several_changes_of_several_records_at_once() -> None:
    new = edited(FILE, [Change("last", "value", 4), Change("flow", "value", 5), Change("block", "value", 6)])
    assert [r["value"] for r in yaml.safe_load(new)["records"]] == [5, 6, 4]
    assert len(changed_lines(new)) == 6


def test_a_record_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KnowledgeError, match="no record gone"):
        edited(FILE, [Change("gone", "value", 1)])


def test_the_kind_and_the_ids_of_a_file() -> None:
    assert ids(FILE) == ("fact", ("flow", "block", "last"))
    assert ids("just: this\n") == ("", ())
    assert ids("- a list\n") == ("", ())


VALUES = st.one_of(
    st.text(max_size=200),
    st.text("ab :#{}[]'\"\n-|>&*!%@`,\\é\t", max_size=60),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.lists(st.text("ab ,:", max_size=8), max_size=4),
    st.dictionaries(st.text("ab_", min_size=1, max_size=5), st.text(max_size=10), max_size=3),
)
PLACES = [("flow", "note"), ("flow", "value"), ("flow", "inner/a"), ("block", "text"), ("block", "prose")]
PLACES += [("block", "folded"), ("block", "list/1/text"), ("last", "value"), ("last", "new"), ("flow", "new")]


@settings(deadline=None)
@example(("flow", "note"), {"_": "\x85"})  # a line break to YAML, a letter to JSON
@example(("flow", "new"), ["\u2028", "\ufeff", "\x07"])
@given(place=st.sampled_from(PLACES), value=VALUES)
def test_any_value_is_written_faithfully(place: tuple[str, str], value: Any) -> None:
    """What comes out is read by another reader; all else is equal, and so are the comments."""
    id, path = place
    new = edited(FILE, [Change(id, path, value)])
    tree, wanted = yaml.safe_load(new), yaml.safe_load(FILE)
    inner: Any = next(r for r in wanted["records"] if r["id"] == id)
    *steps, last = path.split("/")
    for step in steps:
        inner = inner[int(step) if isinstance(inner, list) else step]
    inner[last] = value
    assert tree == wanted
    for remark in ("# Figures of one kind.\n", "  # why it is here\n", "\n    # a remark between\n"):
        assert remark in new
