"""Plots as SVG, drawn by hand: grouped bars on a logarithmic scale, legible on a light and on a dark page."""

import math
from collections.abc import Mapping, Sequence
from html import escape

Series = Mapping[str, Sequence[float]]
"""By name: one figure a group, NaN where there is none."""

_COLOURS = ("#d82c20", "#f2937a", "#2f6fb3", "#5a9e57", "#8f7ab8", "#a08a5b", "#707780")
_WIDTH, _HEIGHT = 960, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 12, 94, 48
_LEGEND_COLUMNS = 4
_STYLE = "text{font:13px system-ui,sans-serif;fill:#777}.title{font-size:15px;font-weight:600}.grid{stroke:#8884}.value{font-size:10px}"


def bars(title: str, unit: str, groups: Sequence[str], series: Series) -> str:
    """An SVG picture: a group of bars for each of `groups`, a bar for each of `series`."""
    figures = [figure for each in series.values() for figure in each if figure > 0]
    low = 10.0 ** math.floor(math.log10(min(figures)))
    high = 10.0 ** math.ceil(math.log10(max(figures)))
    parts = [f'<text class="title" x="{_LEFT}" y="20">{escape(title)}</text>', *_legend(list(series)), *_grid(low, high, unit)]
    group_width = (_WIDTH - _LEFT - _RIGHT) / len(groups)
    for index, group in enumerate(groups):
        left = _LEFT + index * group_width
        parts.append(f'<text x="{left + group_width / 2:.1f}" y="{_HEIGHT - 24}" text-anchor="middle">{escape(group)}</text>')
        parts += _group(left, group_width, [each[index] for each in series.values()], low, high)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
    return "\n".join([head, f"<style>{_STYLE}</style>", *parts, "</svg>", ""])


def _group(left: float, width: float, figures: Sequence[float], low: float, high: float) -> list[str]:
    bar = width * 0.84 / len(figures)
    parts = []
    for number, figure in enumerate(figures):
        if not figure > 0:
            continue
        x, top = left + width * 0.08 + number * bar, _y(figure, low, high)
        height = _HEIGHT - _BOTTOM - top
        parts.append(
            f'<rect x="{x:.1f}" y="{top:.1f}" width="{bar - 2:.1f}" height="{height:.1f}" fill="{_COLOURS[number % len(_COLOURS)]}"/>'
        )
        middle = x + bar / 2 - 1
        parts.append(f'<text class="value" x="{middle:.1f}" y="{top - 4:.1f}" text-anchor="middle">{short(figure)}</text>')
    return parts


def _legend(names: Sequence[str]) -> list[str]:
    parts = []
    for number, name in enumerate(names):
        x, y = _LEFT + number % _LEGEND_COLUMNS * 215, 34 + number // _LEGEND_COLUMNS * 17
        parts.append(f'<rect x="{x}" y="{y}" width="11" height="11" fill="{_COLOURS[number % len(_COLOURS)]}"/>')
        parts.append(f'<text x="{x + 16}" y="{y + 10}">{escape(name)}</text>')
    return parts


def _grid(low: float, high: float, unit: str) -> list[str]:
    parts = [f'<text x="{_LEFT}" y="{_HEIGHT - 5}">{escape(unit)}; logarithmic</text>']
    for power in range(round(math.log10(low)), round(math.log10(high)) + 1):
        y = _y(10.0**power, low, high)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{short(10.0**power)}</text>')
    return parts


def _y(figure: float, low: float, high: float) -> float:
    share = math.log10(figure / low) / math.log10(high / low)
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)


def short(figure: float) -> str:
    """Two digits, or three below a thousand; thousands as k, millions as M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if figure >= size:
            return f"{figure / size:.0f}{letter}" if figure >= 10 * size else f"{figure / size:.1f}".removesuffix(".0") + letter
    return f"{figure:.2g}" if figure < 100 else f"{figure:.0f}"
