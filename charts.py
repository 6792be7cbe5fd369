"""Bar charts as SVG that stands in a page: no script, no style of its own, no request.

pygal draws; the page's style sheet gives the colours, so that one drawing serves light and dark.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from xml.etree import ElementTree

FONT_SIZE_PX = 12
# pygal's own, useless without the script that it would load.
_DROPPED_TAGS = frozenset({"defs", "title", "desc"})
_DROPPED_CLASSES = frozenset({"tooltip-overlay", "text-overlay", "titles"})


def bars(
    labels: Sequence[object],
    series: Mapping[str, Sequence[float]],
    *,
    stacked: bool = False,
    size: tuple[int, int] = (360, 220),
) -> str:
    """SVG of one group of bars per label, one bar (or, stacked, one part of it) per series.

    `size` is the width and height of the viewBox; text in it is FONT_SIZE_PX high. Each bar shows
    its label and value while a pointer rests on it.
    """
    pygal = _pygal()
    texts = [label_text(label) for label in labels]
    width, height = size
    chart = (pygal.StackedBar if stacked else pygal.Bar)(
        width=width,
        height=height,
        css=[],
        js=[],
        style=pygal.style.Style(
            label_font_size=FONT_SIZE_PX, major_label_font_size=FONT_SIZE_PX, font_family="sans"
        ),
        show_legend=False,
        margin=4,
        margin_top=10,
        spacing=4,
        min_scale=3,
        max_scale=6,
        value_formatter="{:,.6g}".format,
        x_labels_major_every=_step(texts, width),
        show_minor_x_labels=False,
        truncate_label=-1,
        disable_xml_declaration=True,
        no_prefix=True,
    )
    chart.x_labels = texts
    for name, values in series.items():
        chart.add(name, list(values))
    root = ElementTree.fromstring(chart.render())
    _clean(root, list(series))
    root.attrib = {
        "viewBox": f"0 0 {width} {height}", "class": "drawing", "aria-hidden": "true",
    }  # fmt: skip
    return ElementTree.tostring(root, encoding="unicode")


def _pygal() -> Any:
    """pygal without its import hook for plug-ins, at which Python 3.10 and 3.11 warn ever after."""
    import pygal  # type: ignore[import-untyped]

    sys.meta_path[:] = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]
    return pygal


def label_text(value: object) -> str:
    """A label as people read it: a date as 5 Nov, anything else as it prints."""
    return f"{value.day} {value:%b}" if isinstance(value, date) else str(value)


def _step(labels: Sequence[str], width: int) -> int:
    """Label every n-th bar: as many as stand side by side, a letter taking 0.6 of its height."""
    longest = max(map(len, labels), default=1)
    room = max(1, int((width - 50) / ((longest + 2) * FONT_SIZE_PX * 0.6)))
    return max(1, -(-len(labels) // room))


def _clean(element: ElementTree.Element, series: Sequence[str]) -> None:
    """Drop what only pygal's script uses; put a title, the browser's own tip, into each bar."""
    element.tag = element.tag.rpartition("}")[2]
    element.attrib.pop("id", None)
    classes = element.get("class", "").split()
    number = next((name for name in classes if name.startswith("serie-")), None)
    if number is not None:
        series = [series[int(number.removeprefix("serie-"))]]
    tip = _tip(element, series) if "bar" in classes else None
    for child in list(element):
        name = child.tag.rpartition("}")[2]
        if name in _DROPPED_TAGS or _DROPPED_CLASSES & set(child.get("class", "").split()):
            element.remove(child)
        else:
            _clean(child, series)
    if tip is not None:
        element.insert(0, tip)


def _tip(bar: ElementTree.Element, series: Sequence[str]) -> ElementTree.Element:
    notes = {child.get("class"): child.text or "" for child in bar}
    title = ElementTree.Element("title")
    title.text = f"{notes.get('x_label', '')}: {notes.get('value', '')} {series[0]}"
    return title
