"""The network for one person as a BIF file: the tree of docs/model.md, rooted at the explanation.

Nodes: ``S`` (explanations; rates of the person's age, sex and setting); ``f_<finding>`` with parent S, and with the
hidden ``facet_<id>`` for items of a facet; ``block_<id>`` with P(b | x) phi~_s(b); ``c_<contributor>``, a member of its
block; ``said_<contributor>``, what is said of it; ``listed_<contributor>``, whether a complete list names it; and
``m_<contributor>_<finding>``, a test value that marks it. Names hold letters, digits and underscores only. Numbers have
17 significant digits. What is known of the person stands in a comment and in `evidence_of`, not in the network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from soleus.inference.blocks import expected_phi, joint_prior
from soleus.inference.network import Floats
from soleus.inference.posterior import impossible, item_given_state
from soleus.knowledge.schema.core import Marker
from soleus.reasoning.intake import Presentation, statement_likelihood

_BINARY = ("absent", "present")
_LISTED = ("not_listed", "listed")


def name_of(word: str) -> str:
    """A word as a name in BIF: letters, digits and underscores, not beginning with a digit."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", word)
    return f"s_{plain}" if plain[0].isdigit() else plain


def evidence_of(presentation: Presentation) -> dict[str, str]:
    """What is known of the person: node -> state."""
    known = presentation.compiled
    out: dict[str, str] = {}
    for o in presentation.observations.values():
        if o.finding in known.network.finding_index:
            out[f"f_{name_of(o.finding)}"] = name_of(o.state)
        for marker in known.markers.get(o.finding, ()):
            out[_marker_name(marker)] = name_of(o.state)
    out |= {f"said_{name_of(c)}": _BINARY[present] for c, present in presentation.said.items()}
    return out | {f"listed_{name_of(c)}": _LISTED[0] for c in presentation.silent}


def bif(presentation: Presentation) -> str:
    """The network as text. Its posterior of S, given `evidence_of`, is that of `inference.posterior.judge`."""
    return "\n".join(_lines(presentation)) + "\n"


def _lines(presentation: Presentation) -> Iterator[str]:
    compiled, network, context = presentation.compiled, presentation.compiled.network, presentation.context
    yield f"// Soleus knowledge {compiled.knowledge.version} ({compiled.knowledge.digest[:12]})"
    yield f"// person: {_person(presentation)}"
    yield f"// evidence: {', '.join(f'{k}={v}' for k, v in evidence_of(presentation).items())}"
    yield 'network "soleus" {\n}'
    weight = np.exp(context.log_rate + impossible(network, context) - context.log_rate.max())
    yield from _node("S", network.explanations, [((), weight / weight.sum())])
    yield from _facets(presentation)
    for f in range(len(network.findings)):
        yield from _finding(presentation, f)
    for k in range(len(network.blocks)):
        yield from _block(presentation, k)
    for c in network.contributors:
        yield from _statements(presentation, c)
    for markers in compiled.markers.values():
        for marker in markers:
            yield from _marker(presentation, marker)


def _person(presentation: Presentation) -> str:
    age = "age not known" if presentation.age is None else f"age {presentation.age:g}"
    return f"{age}, {presentation.sex or 'sex not known'}, {presentation.setting}"


def _node(
    name: str,
    states: Sequence[str],
    rows: Iterable[tuple[tuple[str, ...], Floats]],
    parents: Sequence[str] = (),
) -> Iterator[str]:
    """A variable and its table; one row for each combination of the parents' states."""
    yield f"variable {name} {{\n  type discrete [ {len(states)} ] {{ {', '.join(name_of(s) for s in states)} }};\n}}"
    head = f"{name} | {', '.join(parents)}" if parents else name
    yield f"probability ( {head} ) {{"
    for given, p in rows:
        start = f"({', '.join(name_of(g) for g in given)})" if given else "table"
        yield f"  {start} {', '.join(f'{x:.17g}' for x in p)};"
    yield "}"


def _facets(presentation: Presentation) -> Iterator[str]:
    network = presentation.compiled.network
    for facet in network.facets:
        rows = (((s,), np.array([1 - w, w])) for s, w in zip(network.explanations, facet.w, strict=True))
        yield from _node(f"facet_{name_of(facet.id)}", ("off", "on"), rows, ("S",))


def _finding(presentation: Presentation, f: int) -> Iterator[str]:
    network = presentation.compiled.network
    name = f"f_{name_of(network.findings[f])}"
    if f not in network.facet_of:
        table = network.p[network.start[f] : network.start[f + 1]].T
        plain = (((s,), p) for s, p in zip(network.explanations, table, strict=True))
        yield from _node(name, network.states[f], plain, ("S",))
        return
    facet = network.facets[network.facet_of[f]]
    j = facet.items.index(f)
    pairs = [item_given_state(network, facet, j, f, v) for v in range(len(network.states[f]))]
    rows = [
        ((s, hidden), np.array([pair[1 - on][i] for pair in pairs]))
        for i, s in enumerate(network.explanations)
        for on, hidden in enumerate(("off", "on"))
    ]
    yield from _node(name, network.states[f], rows, ("S", f"facet_{name_of(facet.id)}"))


def _block(presentation: Presentation, k: int) -> Iterator[str]:
    network, context = presentation.compiled.network, presentation.context
    block = network.blocks[k]
    prior = joint_prior(block, context.prevalence)
    phi = expected_phi(block, prior)
    column = {int(s): m for m, s in enumerate(block.columns)}
    states = [f"b{n}" for n in range(len(prior))]
    name = f"block_{name_of(block.id)}"
    rows = (
        ((s,), _normalised(prior * phi[:, column[i]] if i in column else prior, prior))
        for i, s in enumerate(network.explanations)
    )
    yield from _node(name, states, rows, ("S",))
    for m, c in enumerate(block.members):
        bits = block.bits[:, m]
        own = (((state,), np.array([1 - bit, bit])) for state, bit in zip(states, bits, strict=True))
        yield from _node(f"c_{name_of(network.contributors[c])}", _BINARY, own, (name,))


def _normalised(p: Floats, otherwise: Floats) -> Floats:
    return p / p.sum() if p.sum() > 0 else otherwise


def _statements(presentation: Presentation, contributor: str) -> Iterator[str]:
    """What is said of a contributor, and the silence of a complete list, given the contributor."""
    compiled = presentation.compiled
    prevalence = float(presentation.context.prevalence[compiled.network.contributor_index[contributor]])
    no, yes = (statement_likelihood(compiled, contributor, said, prevalence) for said in (False, True))
    rows = [((state,), _normalised(np.array([no[b], yes[b]]), np.array([0.5, 0.5]))) for b, state in enumerate(_BINARY)]
    name = f"c_{name_of(contributor)}"
    yield from _node(f"said_{name_of(contributor)}", _BINARY, rows, (name,))
    record = compiled.contributors[contributor]
    silent = (record.recorded_specificity, 1 - record.recorded_sensitivity)
    listed = [((state,), np.array([silent[b], 1 - silent[b]])) for b, state in enumerate(_BINARY)]
    yield from _node(f"listed_{name_of(contributor)}", _LISTED, listed, (name,))


def _marker_name(marker: Marker) -> str:
    return f"m_{name_of(marker.contributor)}_{name_of(marker.finding)}"


def _marker(presentation: Presentation, marker: Marker) -> Iterator[str]:
    states = [s.id for s in presentation.compiled.findings[marker.finding].states]
    columns = (marker.p_absent, marker.p_present)
    rows = [((state,), np.array(columns[b]) / sum(columns[b])) for b, state in enumerate(_BINARY)]
    yield from _node(_marker_name(marker), states, rows, (f"c_{name_of(marker.contributor)}",))
