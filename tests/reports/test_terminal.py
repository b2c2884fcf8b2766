"""The terminal: 80 columns, no colour, any encoding, the order of the page."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from msgspec.structs import replace
from rich.console import Console

from soleus.reasoning.assessment import Assessment
from soleus.reports import text
from soleus.reports.terminal import Contrast, Link, compare, explain, listing, render


def piped(write: Callable[[Console], None], width: int = 80, encoding: str = "utf-8") -> str:
    """What arrives at the other end of a pipe."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    write(Console(file=file, width=width))
    file.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_line_is_wider_than_the_terminal(assessment: Assessment, width: int) -> None:
    lines = piped(lambda console: render(assessment, console), width).splitlines()
    assert [line for line in lines if len(line) > width] == []
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_pipe_gets_no_colour(assessment: Assessment) -> None:
    assert "\x1b" not in piped(lambda console: render(assessment, console))


def test_a_terminal_without_colour_gets_none(
    sample: Callable[[str], Assessment], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    render(sample("dvt_told_as_cramp"), console)
    assert isinstance(console.file, io.StringIO)
    assert "\x1b[31m" not in console.file.getvalue()
    assert "\x1b[1;31m" not in console.file.getvalue()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_poor_encodings_get_plain_characters(assessment: Assessment, encoding: str) -> None:
    shown = piped(lambda console: render(assessment, console), encoding=encoding)
    assert "#" in shown
    assert "?????" not in shown


def test_red_flags_come_first_and_the_order_is_that_of_the_page(sample: Callable[[str], Assessment]) -> None:
    shown = piped(lambda console: render(sample("dvt_told_as_cramp"), console))
    order = ["RED FLAGS", "EMERGENCY", "SAME DAY", "THE ANSWER", "DIFFERENTIAL", "WHY DEEP", "IDIOPATHIC OR SECONDARY"]
    order += ["WELLS SCORE", "NEXT QUESTIONS", "WORK-UP", "WHEN TO GET HELP", "HOW SURE", "REFERENCES", "Submitted."]
    places = [shown.index(mark) for mark in order]
    assert places == sorted(places)


def test_the_patient_reads_no_decibans(sample: Callable[[str], Assessment]) -> None:
    assert "eciban" not in piped(lambda console: render(sample("restless_legs"), console))


def test_typed_text_cannot_steer_the_terminal(sample: Callable[[str], Assessment]) -> None:
    a = replace(sample("dvt_told_as_cramp"), person="woman\x1b[31m\u202e of [bold]54[/bold]\r\n")
    shown = piped(lambda console: render(a, console))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[bold]54[/bold]" in shown


def test_a_chance_as_a_bar() -> None:
    assert text.chance_bar(0.5, 0.2, 0.8, 10) == "██▓▓▓░░░··"
    assert text.chance_bar(0.0, 0.0, 0.0, 4) == "····"
    assert text.chance_bar(1.0, 1.0, 1.0, 4, text.ASCII) == "####"


def test_decibans_as_a_bar() -> None:
    assert text.deciban_bar(10, 10, 4) == "    │████"
    assert text.deciban_bar(-5, 10, 4) == "  ▒▒│    "
    assert text.deciban_bar(5, 10, 4, text.ASCII) == "    |>>  "


def test_explain_shows_the_chain_down_to_the_sources() -> None:
    links = [
        Link("Swelling of one leg", 9.4, "measured", "0.8 against 0.1", ("Wells 2003",)),
        Link("Note", None, "expert"),
    ]
    shown = piped(lambda console: explain(console, "Why DVT?", -4.0, links, 5.4))
    for part in (
        "Why DVT?",
        "Before any finding",
        "+9",
        "Together: +5 decibans",
        "0.8 against 0.1",
        "Wells 2003",
        "Note",
    ):
        assert part in shown


def test_compare_puts_the_most_telling_finding_first() -> None:
    rows = [
        Contrast("Urge to move", "5%", "95%", -12.8, "measured"),
        Contrast("Hard muscle", "90%", "2%", 16.5, "expert"),
    ]
    shown = piped(lambda console: compare(console, "Cramp", "Restless legs", rows))
    assert shown.index("Hard muscle") < shown.index("Urge to move")


def test_listing() -> None:
    shown = piped(lambda console: listing(console, "Sources", ("Key", "Title"), [("wells2003", "D-dimer")]))
    assert shown.splitlines()[0] == "Sources"
    assert "wells2003" in shown
