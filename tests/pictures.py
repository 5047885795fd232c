"""Pictures compared with those that somebody has looked at."""

from __future__ import annotations

from PIL import Image, ImageChops


def difference(picture: Image.Image, expected: Image.Image, square: int) -> int:
    """By how much the square of so many pixels differs in darkness that differs most, of 255."""
    assert picture.size == expected.size
    small = (picture.width // square, picture.height // square)
    squares = [each.convert("L").resize(small, Image.Resampling.BOX) for each in (picture, expected)]
    _, most = ImageChops.difference(*squares).getextrema()
    assert isinstance(most, int)
    return most
