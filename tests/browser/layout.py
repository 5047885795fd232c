"""What is wrong with the layout of a page, computed in the page: fonts differ between machines."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

# Each media: width of the window, colours, paper or screen. A4 has 688 pixels between its margins.
MEDIA = {
    "small phone": (320, "light", "screen"),
    "phone": (375, "light", "screen"),
    "tablet": (768, "light", "screen"),
    "laptop": (1000, "light", "screen"),
    "desktop": (1280, "light", "screen"),
    "wide": (1920, "light", "screen"),
    "dark": (1280, "dark", "screen"),
    "paper": (688, "light", "print"),
}
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

_FAULTS = """() => {
  const faults = [], wide = document.documentElement.clientWidth, paper = matchMedia('print').matches;
  const name = one => `${one.tagName}.${one.className}: ${one.textContent.trim().slice(0, 50)}`;
  const fault = (what, one) => faults.push(`${what}: ${name(one)}`);
  const visible = one => one.checkVisibility() && !one.closest('.skip') && !one.closest('svg');
  const lines = node => { const range = document.createRange(); range.selectNodeContents(node);
    return new Set([...range.getClientRects()].map(box => Math.round(box.top / 6))).size; };
  const { scrollWidth } = document.documentElement;
  if (scrollWidth > wide) faults.push(`the page is ${scrollWidth} wide`);
  for (const one of document.querySelectorAll('body *')) {
    if (!visible(one)) continue;
    const box = one.getBoundingClientRect(), scrolls = one.closest('.scroll');
    if (box.right > wide + 1 && (paper || !scrolls)) fault('sticks out', one);
    const hides = ['hidden', 'clip'].includes(getComputedStyle(one).overflowX);
    if (hides && one.scrollWidth > one.clientWidth + 1) fault('clips', one);
    if (one.matches('.sum') && !paper && scrolls) {
      const edge = scrolls.getBoundingClientRect();
      if (box.right > edge.right + 1 || box.left < edge.left - 1) fault('total out of view', one);
    }
    const fits = !one.matches('.scroll') || one.scrollWidth <= one.clientWidth + 1;
    if (wide >= 1280 && !fits) fault('does not fit', one);
    // A half of an amount reads like another one: none lies below the total.
    const below = scrolls && !paper && one.matches('td.amount:not(.sum)');
    const total = below && one.parentElement.querySelector('.sum');
    if (total) {
      const range = document.createRange();
      range.selectNodeContents(one);
      const text = range.getBoundingClientRect(), edge = total.getBoundingClientRect();
      const beside = text.bottom > edge.top + 1 && text.top < edge.bottom - 1;
      const half = text.left < edge.left - 1 && text.right > edge.left + 1;
      if (beside && half) fault('half below the total', one);
    }
    for (const node of one.childNodes) {
      if (node.nodeType !== Node.TEXT_NODE || !node.textContent.trim()) continue;
      if (one.matches('.amount') && lines(node) > 1) fault('amount breaks', one);
      const short = node.textContent.trim().length <= 40;
      const whole = one.matches('td .code, th .code, .tiles li') && !paper && short;
      if (whole && lines(node) > 1) fault('breaks', one);
    }
  }
  return faults;
}"""


def show(page: Page, media: str) -> None:
    """Show ``page`` on one of :data:`MEDIA`."""
    width, scheme, kind = MEDIA[media]
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme, media=kind)  # type: ignore[arg-type]


def faults(page: Page) -> list[str]:
    """What sticks out, is clipped, breaks in the middle, or is a total out of view."""
    found: list[str] = page.evaluate(_FAULTS)
    return found


def violations(page: Page, axe: str) -> list[Any]:
    """What axe holds against it by WCAG 2.2, levels A and AA: rule, and the elements."""
    page.evaluate(axe)
    run = "rules => axe.run({runOnly: rules}).then(({violations}) => violations)"
    return [(row["id"], [node["html"] for node in row["nodes"]][:3]) for row in page.evaluate(run, _RULES)]
