"""The figures as bars: a row a workload, a column a measure, each on a scale of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from bench.telling import TITLES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from bench.figures import Figures, Spread
    from bench.workloads import Workload

_MEASURES: tuple[tuple[str, str, Callable[[Figures], Spread]], ...] = (
    ("jobs/s (more is better)", "{:.1f}", lambda each: each.rate),
    ("CPU, ms a job (less is better)", "{:.1f}", lambda each: each.cpu),
    ("peak memory, MB (less is better)", "{:.0f}", lambda each: each.peak),
)
_COLOURS = ("#1f6f8b", "#9a9a9a", "#d98032", "#b5548a")
_INK, _PAPER, _PALE = "#222222", "#ffffff", "#777777"
_MARGIN, _NAMES, _COLUMN, _BAR, _GAP = 24, 190, 330, 22, 8
_LONGEST = 235  # of a column's width; the rest is for the number
_TEXT, _TITLE = 15, 17


def plot(found: Sequence[Figures], workloads: Sequence[Workload], path: Path) -> None:
    """Draw the chart as a PNG; a thin line shows each bar's least and most."""
    names = list(dict.fromkeys(each.contender for each in found))
    height = 2 * (_TITLE + _GAP) + len(names) * (_BAR + _GAP) + _MARGIN
    width = 2 * _MARGIN + _NAMES + len(_MEASURES) * _COLUMN
    image = Image.new("RGB", (width, 2 * _MARGIN + height * len(workloads)), _PAPER)
    draw = ImageDraw.Draw(image)
    for row, workload in enumerate(workloads):
        top = _MARGIN + row * height
        draw.text((_MARGIN, top), f"{workload.name}: {workload.title}", _INK, _font(_TITLE))
        mine = [each for each in found if each.workload == workload.name]
        for column, (title, digits, of) in enumerate(_MEASURES):
            left = _MARGIN + _NAMES + column * _COLUMN
            draw.text((left, top + _TITLE + _GAP), title, _PALE, _font(_TEXT - 2))
            _bars(draw, (left, top + 2 * (_TITLE + _GAP)), [of(each) for each in mine], digits)
        for number, each in enumerate(mine):
            at = (_MARGIN, top + 2 * (_TITLE + _GAP) + number * (_BAR + _GAP) + 2)
            draw.text(at, TITLES[each.contender], _INK, _font(_TEXT))
    image.save(path, "PNG")


def _bars(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], spreads: Sequence[Spread], digits: str
) -> None:
    scale = _LONGEST / max(each.most for each in spreads)
    left, top = at
    for number, each in enumerate(spreads):
        upper = top + number * (_BAR + _GAP)
        colour = _COLOURS[number % len(_COLOURS)]
        draw.rectangle((left, upper, left + each.middle * scale, upper + _BAR), colour)
        middle = upper + _BAR // 2
        draw.line((left + each.least * scale, middle, left + each.most * scale, middle), _INK, 1)
        end = left + each.most * scale + _GAP
        draw.text((end, upper + 2), digits.format(each.middle), _INK, _font(_TEXT))


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)
