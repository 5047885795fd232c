"""Compare bodies: their media types, and their schemas in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from pennyform.spec.diff.comparison.differences import Difference, changed, one_sided
from pennyform.spec.diff.schemas.nodes import Shape
from pennyform.spec.diff.schemas.operations import Content

Compare = Callable[[Shape, Shape], tuple[Difference, ...]]
"""Compares two schemas all the way down."""

Bodies = Mapping[str, Content]


def compare_bodies(old: Bodies, new: Bodies, compare: Compare) -> Iterator[Difference]:
    """The differences of what can be sent, or can come back, by media type."""
    pairs = [(media_type, media_type) for media_type in old if media_type in new]
    gone = [media_type for media_type in old if media_type not in new]
    come = [media_type for media_type in new if media_type not in old]
    if len(gone) == len(come) == 1:
        pairs.append((gone[0], come[0]))
        yield changed("media-type-changed", gone[0], come[0])
    else:
        yield from (one_sided("media-type-removed", name, delta=name) for name in gone)
        yield from (one_sided("media-type-added", name, delta=name) for name in come)
    for before, after in pairs:
        if old[before].encoding != new[after].encoding:
            yield changed("encoding-changed", old[before].encoding, new[after].encoding)
        yield from compare(old[before].shape, new[after].shape)
