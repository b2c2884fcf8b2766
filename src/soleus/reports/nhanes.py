"""What the survey says about leg cramps, as JSON, text and one HTML page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec
from markupsafe import Markup
from rich.console import Console

from soleus.population.nhanes.analysis import Analysis, Known, OddsRatio, Prevalence
from soleus.population.nhanes.definitions import Group
from soleus.reasoning.assess import software_version
from soleus.reasoning.words import REVIEW
from soleus.reports import interval_plot
from soleus.reports.console import Page
from soleus.reports.html import templates
from soleus.reports.words import join

TITLE = "Leg cramps in bed in the United States"
GROUPS: dict[Group, str] = {
    "medicine": "Medicines taken in the past month",
    "condition": "Conditions, as told by a doctor",
    "laboratory": "Laboratory values",
    "person": "The person",
    "habit": "Habits",
    "sleep": "Sleep",
}
LEVELS = {
    "never": "never",
    "rarely": "rarely (1 night)",
    "sometimes": "sometimes (2 to 4 nights)",
    "often": "often (5 to 15 nights)",
    "almost_always": "almost always (16 to 30 nights)",
    "any": "any cramps",
    "mild": "mild (1 to 4 nights)",
    "moderate_to_severe": "moderate to severe (5 nights or more)",
}
RESEARCH = "A survey of one time: what goes with cramps need not cause them. For research; not a medical device."
LIMITS = (
    "People were asked about cramps while trying to sleep in the past month; nobody was examined for them.",
    "Medicines are those of people who still take them. Who got cramps from one and stopped it is not seen, and who is "
    "ill takes more of all of them: fair or poor health alone has one of the highest ratios here. The ratios of this "
    "survey share that, and must not be multiplied.",
    "No correction is made for the number of factors: of a hundred that do nothing, about five would stand out.",
    "Age is top-coded (85 and over in 2005-2006, 80 and over in 2007-2008).",
)


@dataclass(frozen=True)
class _Row:
    """An odds ratio as it is shown."""

    ratio: OddsRatio
    name: str
    exposed: str
    crude: str
    adjusted: str
    known: str
    plot: Markup


def to_json(found: Analysis) -> bytes:
    """One object: ``prevalence``, ``odds_ratios``, and how they were made."""
    tree = msgspec.to_builtins(found)
    head = {
        "software_version": software_version(),
        "review_status": "submitted",
        "review_sentence": REVIEW["clinician"],
    }
    return msgspec.json.encode({**head, "intended_use": RESEARCH, **tree})


# ------------------------------------------------------------------------------------------------------------ words


def ratio_words(value: float | None, low: float | None, high: float | None) -> str:
    """A ratio with its interval: 1.86 (1.32–2.62); "none" where it has no finite value."""
    if value is None or low is None or high is None:
        return "none"
    return f"{_short(value)} ({_short(low)}–{_short(high)})"


def share_words(p: Prevalence) -> str:
    """A share with its interval in per cent: 24.2 (21.8–26.8)."""
    told = f"{100 * p.share:.1f}"
    return told if p.low is None or p.high is None else f"{told} ({100 * p.low:.1f}–{100 * p.high:.1f})"


def _short(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def _known_words(known: Sequence[Known]) -> str:
    told = [_short(k.rho) if k.rho is not None else "needed" for k in known]
    return join(list(dict.fromkeys(told)), "or") if told else ""


def _exposed_words(r: OddsRatio) -> str:
    return f"{r.n:,}" if r.n_exposed is None else f"{r.n_exposed:,} ({r.n_exposed_cases:,})"


def ranked(found: Analysis, group: Group) -> list[OddsRatio]:
    """The ratios of a group, the highest first; those that rest on few people after the others."""
    return sorted((r for r in found.odds_ratios if r.group == group), key=lambda r: (r.few, -(r.adjusted or 0.0)))


def of(found: Analysis, **wanted: Any) -> list[Prevalence]:
    """The shares with these fields."""
    return [p for p in found.prevalence if all(getattr(p, k) == v for k, v in wanted.items())]


def summary(found: Analysis) -> str:
    """The answer in two sentences."""
    told = {p.level: p for p in of(found, cycle=None, age=f"{found.adults_from:g}+", sex=None, factor=None)}
    n = sum(a.answered_adults for a in found.answers)
    return (
        f"Of adults, {_percent(told['any'].share)} had leg cramps while trying to sleep in the past month: "
        f"{_percent(told['mild'].share)} on 1 to 4 nights, {_percent(told['moderate_to_severe'].share)} on 5 or more. "
        f"({n:,} adults who answered, {join(found.cycles)}, weighted to the population.)"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def method(found: Analysis) -> str:
    """How the odds ratios were made, in one paragraph."""
    return (
        "Odds of cramps on 5 nights a month or more against fewer or none, in adults of "
        f"{found.adults_from:g} and over, cycles pooled (weights divided by their number); adjusted for age (linear) "
        "and sex. Strata, sampling units and weights of the survey by Taylor linearisation; intervals of 95 % by "
        "Student's t (sampling units less strata less further terms of the model). Factors that need an examination "
        "use its weights."
    )


# ------------------------------------------------------------------------------------------------------------- text


def print_text(found: Analysis, console: Console) -> None:
    """The analysis as tables on a terminal."""
    page = Page(console)
    page.line((f"{TITLE}: NHANES {join(found.cycles)}", "bold"))
    page.line(REVIEW["clinician"])
    console.print()
    page.line(summary(found))
    _print_answers(page, found)
    _print_ages(page, found)
    for group, title in GROUPS.items():
        if rows := ranked(found, group):
            page.heading(title)
            page.grid(
                [
                    (f"{r.name}{' *' if r.few else ''}", _exposed_words(r), *_ratios(r), _known_words(r.knowledge))
                    for r in rows
                ],
                [("Factor", {"ratio": 1}), ("n (cramps)", _RIGHT), ("Crude", _WHOLE), ("Adjusted", _WHOLE),
                 ("Knowledge", _RIGHT)],
            )  # fmt: skip
    page.heading("How to read this")
    for line in (method(found), _FEW, *LIMITS, *_left_out(found)):
        page.item("-", line)


_FEW = (
    "* fewer than ten people with it who have cramps, or who have none. Knowledge: the ratio that Soleus predicts with."
)
_RIGHT: dict[str, object] = {"justify": "right", "no_wrap": True}
_WHOLE: dict[str, object] = {"no_wrap": True}


def _ratios(r: OddsRatio) -> tuple[str, str]:
    return (
        ratio_words(r.crude, r.crude_low, r.crude_high),
        ratio_words(r.adjusted, r.adjusted_low, r.adjusted_high),
    )


def _print_answers(page: Page, found: Analysis) -> None:
    page.heading("How often, per cent of adults")
    page.grid(
        [(LEVELS[level], *map(share_words, shares)) for level, shares in _by_level(found)],
        [("In the past month", {"ratio": 1}), *((name, _WHOLE) for name in (*found.cycles, "Pooled"))],
    )


def _by_level(found: Analysis) -> list[tuple[str, list[Prevalence]]]:
    """Each answer with its share by cycle and pooled."""
    adults = of(found, age=f"{found.adults_from:g}+", sex=None, factor=None)
    columns = (*found.cycles, None)
    return [(level, [p for c in columns for p in adults if p.level == level and p.cycle == c]) for level in LEVELS]


def _print_ages(page: Page, found: Analysis) -> None:
    page.heading("By age and sex, per cent, pooled")
    page.grid(
        [(age, sex, *(share_words(p) for p in shares)) for age, sex, shares in _by_age(found)],
        [("Age", {}), ("Sex", {}), ("Any cramps", _WHOLE), ("5 nights or more", _WHOLE)],
    )


def _by_age(found: Analysis) -> list[tuple[str, str, list[Prevalence]]]:
    """Bands of age that do not overlap, women and men apart, with any and with frequent cramps."""
    pooled = of(found, cycle=None, factor=None)
    bands = dict.fromkeys(p.age for p in pooled if "-" in p.age or p.age == "80+")
    return [
        (age, "women" if sex == "female" else "men",
         [p for level in ("any", "moderate_to_severe") for p in pooled if (p.age, p.sex, p.level) == (age, sex, level)])
        for age in bands
        for sex in ("female", "male")
    ]  # fmt: skip


def _left_out(found: Analysis) -> Iterable[str]:
    if found.not_computed:
        yield f"Not computed: {join([f'{n.factor} ({n.why})' for n in found.not_computed])}."


# ------------------------------------------------------------------------------------------------------------- page


def page(found: Analysis) -> str:
    """One self-contained page: no script, nothing from outside."""
    style, style_hash = _style()
    ages = [(age, sex, shares) for age, sex, shares in _by_age(found) if len(shares) == 2]
    axes = [interval_plot.shares(max(s[n].high or s[n].share for _, _, s in ages)) for n in (0, 1)]
    return templates().get_template("nhanes.html.j2").render(
        a=found, title=TITLE, style=Markup(style), style_hash=style_hash, review=REVIEW["clinician"], intended=RESEARCH,
        version=software_version(), summary=summary(found), method=method(found), limits=LIMITS, levels=LEVELS,
        share_words=share_words, by_level=_by_level(found), columns=(*found.cycles, "Pooled"),
        ages=[(age, sex, [(share_words(p), _share_plot(axis, p)) for axis, p in zip(axes, shares, strict=True)])
              for age, sex, shares in ages],
        scales=[interval_plot.scale(axis) for axis in axes], groups=_groups(found), join=join,
        codebooks=_codebooks(found),
    )  # fmt: skip


def _share_plot(axis: interval_plot.Axis, p: Prevalence) -> Markup:
    return interval_plot.row(axis, p.share, p.low, p.high)


def _groups(found: Analysis) -> list[tuple[str, str, Markup, list[_Row]]]:
    """Each group with its heading, the scale of its forest plot and its rows."""
    out: list[tuple[str, str, Markup, list[_Row]]] = []
    for group, title in GROUPS.items():
        ratios = ranked(found, group)
        ends = [v for r in ratios if not r.few for v in (r.adjusted_low, r.adjusted_high) if v is not None]
        axis = interval_plot.ratios(ends)
        if ratios:
            out.append((group, title, interval_plot.scale(axis), [_row(axis, r) for r in ratios]))
    return out


def _row(axis: interval_plot.Axis, r: OddsRatio) -> _Row:
    crude, adjusted = _ratios(r)
    plot = interval_plot.row(axis, r.adjusted, r.adjusted_low, r.adjusted_high, hollow=r.few)
    return _Row(r, r.name, _exposed_words(r), crude, adjusted, _known_words(r.knowledge), plot)


def _codebooks(found: Analysis) -> list[tuple[str, str]]:
    """Name and address of each page of codes that was followed."""
    pages = dict.fromkeys(page.partition("#")[0] for r in found.odds_ratios for page in r.codebooks)
    return sorted((page.rsplit("/", 1)[1].removesuffix(".htm"), page) for page in pages)


@cache
def _style() -> tuple[str, str]:
    """The style sheet and its hash as a content security policy wants it."""
    css = files("soleus.reports").joinpath("templates/population.css").read_text(encoding="utf-8").strip()
    return css, f"sha256-{base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()}"
