"""How what is drawn is painted, by its kind: in light, and what a dark screen changes of it.

The light paint stands on every element, so that a drawing looks right where style sheets are not read: in office
programs, in a PDF, or where a page forbids them. The dark one is a rule in the drawing's own style sheet.
"""

from __future__ import annotations

from typing import Final

_INK, _SOFT, _LINE, _PAPER = "#14201e", "#4d5b57", "#c9d2ce", "#ffffff"
_INK_DARK, _SOFT_DARK, _LINE_DARK, _PAPER_DARK = "#e8eeec", "#a9b6b1", "#3a4744", "#0f1514"

#: Kind -> (attributes in light, properties in dark)
PAINTS: Final[dict[str, tuple[dict[str, str], dict[str, str]]]] = {
    "paper": ({"fill": _PAPER}, {"fill": _PAPER_DARK}),
    "ink": ({"fill": _INK}, {"fill": _INK_DARK}),
    "soft": ({"fill": _SOFT}, {"fill": _SOFT_DARK}),
    "accent": ({"fill": "#0a6259"}, {"fill": "#7fd6c8"}),
    "warn": ({"fill": "#a51c13"}, {"fill": "#ffb3a7"}),
    "rule": ({"stroke": _LINE, "stroke-width": "1", "fill": "none"}, {"stroke": _LINE_DARK}),
    "grid": ({"stroke": "#e6ecea", "stroke-width": "1", "fill": "none"}, {"stroke": "#222b29"}),
    "axis": ({"stroke": _SOFT, "stroke-width": "1", "fill": "none"}, {"stroke": _SOFT_DARK}),
    "tick": ({"stroke": _SOFT, "stroke-width": "2", "fill": "none"}, {"stroke": _SOFT_DARK}),
    "leader": ({"stroke": "#6f7d79", "stroke-width": "0.9", "fill": "none"}, {"stroke": "#8b9994"}),
    "pin": ({"fill": _INK, "stroke": _PAPER, "stroke-width": "1"}, {"fill": _INK_DARK, "stroke": _PAPER_DARK}),
    # charts: what was measured is filled, what was estimated is grey and hollow
    "measured": ({"fill": "#0a6259"}, {"fill": "#5fc4b4"}),
    "measured-span": ({"stroke": "#0a6259", "stroke-width": "2", "fill": "none"}, {"stroke": "#5fc4b4"}),
    "expert": (
        {"fill": _PAPER, "stroke": "#84908b", "stroke-width": "1.6"},
        {"fill": _PAPER_DARK, "stroke": "#8b9994"},
    ),
    "expert-span": ({"stroke": "#a9b4b0", "stroke-width": "1.6", "fill": "none"}, {"stroke": "#6a7773"}),
    "one": ({"fill": "#45a091"}, {"fill": "#2f8a7d"}),
    "two": (
        {"fill": _PAPER, "stroke": _INK, "stroke-width": "1.4"},
        {"fill": _PAPER_DARK, "stroke": _INK_DARK},
    ),
    "drawn": ({"color": _INK}, {"color": _INK_DARK}),  # for drawings that take their colour from what is around
    "wash": ({"fill": "#fdf2f0"}, {"fill": "#2a1613"}),
    "band": ({"fill": "#f3f7f5"}, {"fill": "#171f1d"}),
    "marker-bar": ({"fill": "#9db0a9"}, {"fill": "#64766f"}),
    "limits": ({"fill": "#e3ebe8"}, {"fill": "#26312e"}),
    "link": ({"stroke": "#b7c3be", "stroke-width": "1.6", "fill": "none"}, {"stroke": "#46534f"}),
    # the body; what is round is filled with a gradient of `ROUND`, and stays as it is on a dark screen
    "skin": ({"fill": "#f6e8de", "stroke": "#b79a88", "stroke-width": "1.2"}, {"stroke": "#d9c2b4"}),
    "bone": ({"fill": "#f4eedd", "stroke": "#b9ab8c", "stroke-width": "1"}, {}),
    "muscle": ({"fill": "#c27868", "stroke": "#8a4a40", "stroke-width": "1"}, {}),
    "chief": ({"fill": "#b4574a", "stroke": "#7a352b", "stroke-width": "1.1"}, {}),
    "quiet": ({"fill": "#e0b7aa", "stroke": "#b28576", "stroke-width": "0.8"}, {}),
    "tendon": ({"fill": "#efe5cd", "stroke": "#b8a57e", "stroke-width": "0.8"}, {}),
    "cut": ({"fill": "#e7a79b", "stroke": "#7a352b", "stroke-width": "0.9"}, {}),
    "fibre": ({"stroke": "#6e2f26", "stroke-width": "0.6", "fill": "none", "stroke-opacity": "0.34"}, {}),
    "strand": ({"stroke": "#8f7c52", "stroke-width": "0.5", "fill": "none", "stroke-opacity": "0.5"}, {}),
    "shade": ({"fill": "none", "stroke": "#b79a88", "stroke-width": "1"}, {}),
}  # fmt: skip

#: Light from the front and a little from the left: colours from the left edge to the right one.
ROUND: Final[dict[str, tuple[str, ...]]] = {
    "skin": ("#ecd8ca", "#faf0e8", "#f6e8de", "#e8d2c3"),
    "bone": ("#e9e0c8", "#fdfaf1", "#f4eedd", "#e3d8bb"),
    "muscle": ("#a9604f", "#d99a8b", "#c27868", "#9c5244"),
    "chief": ("#96402f", "#cf7465", "#b4574a", "#8a372a"),
    "quiet": ("#d3a496", "#eccfc4", "#e0b7aa", "#cf9e8f"),
    "tendon": ("#dccfae", "#fbf6e8", "#efe5cd", "#d8caa6"),
}
ROUND_AT: Final = ("0", "0.35", "0.7", "1")

#: Five steps of a share, from hardly to mostly: one hue, darker with more (lighter with more on a dark screen).
STEPS: Final = ("share-0", "share-1", "share-2", "share-3", "share-4")
#: The same colours as a wide line around a shape.
HALOS: Final = ("halo-0", "halo-1", "halo-2", "halo-3", "halo-4")
PAINTS.update({
    "share-0": ({"fill": "#f4f1ec"}, {"fill": "#1d2422"}),
    "share-1": ({"fill": "#f6d9c4"}, {"fill": "#4a2f25"}),
    "share-2": ({"fill": "#eeaf8b"}, {"fill": "#7d4630"}),
    "share-3": ({"fill": "#d9774f"}, {"fill": "#bd663f"}),
    "share-4": ({"fill": "#a8401f"}, {"fill": "#f39a6c"}),
    "limb": ({"fill": "none", "stroke": "#8d8078", "stroke-width": "2"}, {"stroke": "#9aa7a2"}),
})  # fmt: skip

for _step, _halo in zip(STEPS, HALOS, strict=True):
    _light, _dark = PAINTS[_step]
    PAINTS[_halo] = (
        {"fill": "none", "stroke": _light["fill"], "stroke-width": "26", "stroke-linejoin": "round"},
        {"stroke": _dark["fill"]},
    )


def rules(kinds: set[str]) -> str:
    """The style sheet of a drawing that uses these kinds: what a dark screen changes."""
    told = [
        f".f-{kind}{{{';'.join(f'{name}:{value}' for name, value in dark.items())}}}"
        for kind, (_, dark) in sorted(PAINTS.items())
        if kind in kinds and dark
    ]
    return f"@media screen and (prefers-color-scheme:dark){{{''.join(told)}}}" if told else ""
