"""The comparison as a picture: the server's CPU time a request, one row of bars for each work, on a scale of tens."""

import math
from collections.abc import Iterable, Iterator
from html import escape

from benchmarks.measures import Measure
from benchmarks.speed.serving import BY_HAND, CORE, FLOOR, OURS

PREFIX = "speed: "
_CPU = ": CPU of the server"
_COLOURS = {FLOOR: "#9aa5b1", OURS: "#1f7a5c", CORE: "#c98a1b", BY_HAND: "#b4483f"}
_WIDTH, _LEFT, _RIGHT = 760, 16, 90
_BAR, _GAP, _TITLE, _TOP = 13, 3, 24, 44
_LOWEST, _HIGHEST = 10.0, 30_000.0
_FONT = 'font-family="system-ui, sans-serif"'


def chart(measures: Iterable[Measure]) -> str:
    """An SVG of what was measured of each server in the parts of the comparison."""
    works: dict[str, dict[str, float]] = {}
    for measure in measures:
        if measure.part.startswith(PREFIX) and measure.name.endswith(_CPU):
            name = measure.name.removesuffix(_CPU)
            works.setdefault(measure.part.removeprefix(PREFIX), {})[name] = measure.value
    rows: list[str] = []
    height = _TOP
    for title, costs in works.items():
        rows += _row(title, costs, height)
        height += _TITLE + len(costs) * (_BAR + _GAP) + 8
    size = f'width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
    ground = f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>'
    return "\n".join(
        [f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', ground, *_legend(), *_grid(height), *rows, "</svg>\n"]
    )


def _row(title: str, costs: dict[str, float], top: int) -> Iterator[str]:
    yield _text(_LEFT, top + 15, title, weight="600")
    for place, (name, micros) in enumerate(costs.items()):
        y = top + _TITLE + place * (_BAR + _GAP)
        end = _x(micros)
        label = f"{micros:,.0f} µs" + ("" if name == FLOOR else f"  ×{micros / costs[FLOOR]:.1f}")
        colour = _COLOURS.get(name, "#555555")
        yield f'<rect x="{_LEFT}" y="{y}" width="{end - _LEFT:.0f}" height="{_BAR}" rx="2" fill="{colour}"/>'
        yield _text(end + 6, y + 10, label, size=11)


def _legend() -> Iterator[str]:
    x = _LEFT
    for name, colour in _COLOURS.items():
        yield f'<rect x="{x}" y="12" width="11" height="11" rx="2" fill="{colour}"/>'
        yield _text(x + 16, 22, name, size=12)
        x += 40 + 7 * len(name)
    yield _text(_WIDTH - 270, 22, "server CPU a request, × floor, log scale", size=11, colour="#667085")


def _grid(height: int) -> Iterator[str]:
    for micros in (100, 1_000, 10_000):
        x = _x(micros)
        yield f'<line x1="{x:.0f}" y1="{_TOP - 8}" x2="{x:.0f}" y2="{height}" stroke="#e4e7ec"/>'


def _x(micros: float) -> float:
    share = math.log(max(micros, _LOWEST) / _LOWEST) / math.log(_HIGHEST / _LOWEST)
    return _LEFT + 4 + share * (_WIDTH - _LEFT - _RIGHT)


def _text(x: float, y: float, text: str, size: int = 13, weight: str = "400", colour: str = "#1d2939") -> str:
    style = f'font-size="{size}" font-weight="{weight}" fill="{colour}" {_FONT}'
    return f'<text x="{x:.0f}" y="{y}" {style}>{escape(text)}</text>'
