"""Drawings of our own, made by code from shapes and records: one name each, the same bytes each time.

leg                             the muscles of the leg
pain-map, pain-<explanation>    where it hurts
guide-<guide>                   the steps of a guide
causes-, features-, rates-, treatments-<explanation>
effects-<contributor>
compare-<explanation>-<explanation>
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from soleus.errors import UnknownName, near_names
from soleus.knowledge.schema.care import Guide
from soleus.knowledge.schema.core import Rate
from soleus.library.drawing import contrast, forest, guides, leg, pain_map, rates
from soleus.library.drawing.sheet import Drawn, Look
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled

__all__ = ["Drawn", "Look", "draw", "drawn", "figures", "figures_of"]

_Maker = Callable[[Compiled, str, Look, str], Drawn]
_ABOUT_EXPLANATIONS: dict[str, tuple[_Maker, Callable[[Compiled, str], bool]]] = {
    "pain": (pain_map.pain, lambda c, s: (s, pain_map.SITE) in c.likelihoods),
    "features": (contrast.features, lambda c, s: bool(contrast.told_apart(c, s, Look()))),
    "rates": (rates.rates, lambda c, s: s in c.knowledge.by_id(Rate)),
    "causes": (forest.causes, lambda c, s: bool(forest.effects_on(c, s))),
    "treatments": (forest.treatments, lambda c, s: bool(forest.trials(c, s))),
}


def figures(compiled: Compiled) -> list[str]:
    """The names of all drawings; of comparisons those with what is often confused (`drawn` makes any other)."""
    return list(compiled.once(_names))


def figures_of(compiled: Compiled, kind: str, id: str) -> tuple[str, ...]:
    """The names of the drawings about one explanation, contributor or guide; none about anything else."""
    if kind == "explanation" and id in compiled.explanations:
        return tuple(_about(compiled, id))
    name = f"{'effects' if kind == 'contributor' else kind}-{id}"
    return (name,) if name in compiled.once(_names) else ()


def draw(
    compiled: Compiled, name: str, audience: Audience = "clinician", *, narrow: bool = False, address: str = ""
) -> str:
    """A drawing as SVG. Raises `UnknownName`. ``address`` is where the library is, such as https://soleus.example."""
    return drawn(compiled, name, Look(audience, narrow), address).svg


def drawn(compiled: Compiled, name: str, look: Look, address: str = "") -> Drawn:
    """A drawing with its title, sources and citation. Raises `UnknownName`."""
    kind, _, rest = name.partition("-")
    if name == "leg":
        return leg.leg(compiled, look, address)
    if name == "pain-map":
        return pain_map.pain_map(compiled, look, address)
    if kind == "guide" and rest in compiled.knowledge.by_id(Guide):
        return guides.guide(compiled, rest, look, address)
    if kind == "effects" and forest.effects_of(compiled, rest):
        return forest.effects(compiled, rest, look, address)
    first, _, second = rest.partition("-")
    if kind == "compare" and first in compiled.explanations and second in compiled.explanations and first != second:
        return contrast.comparison(compiled, first, second, look, address)
    if kind in _ABOUT_EXPLANATIONS and rest in compiled.explanations:
        make, there = _ABOUT_EXPLANATIONS[kind]
        if there(compiled, rest):
            return make(compiled, rest, look, address)
    raise UnknownName("figure", repr(name), "the name of a drawing", near_names(name, figures(compiled)))


def _names(compiled: Compiled) -> tuple[str, ...]:
    return (
        "leg",
        "pain-map",
        *(f"guide-{id}" for id in sorted(compiled.knowledge.by_id(Guide))),
        *(name for s in sorted(compiled.explanations) for name in _about(compiled, s)),
        *(f"effects-{c}" for c in sorted({c for c, _ in compiled.effects})),
    )


def _about(compiled: Compiled, explanation: str) -> Iterator[str]:
    for kind, (_, there) in _ABOUT_EXPLANATIONS.items():
        if there(compiled, explanation):
            yield f"{kind}-{explanation}"
    for other in compiled.explanations[explanation].confused_with:
        if other in compiled.explanations and other != explanation:
            yield f"compare-{explanation}-{other}"
