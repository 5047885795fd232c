"""Waves: which invoices are read back together, and how many requests that takes.

A draft wave is read back in one request once all of its drafts are written. A final wave is a few draft
waves whose invoices are read back in one request once all of them are final. What depends on an invoice of
a final wave begins a new one: it is written only after that wave was read, so within the wave each would
wait for the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil

from pennyform.engine.limits import FINALIZE_WAVE, INCLUDED_LINES, PAGE, SMALL_WAVE, WAVE
from pennyform.engine.planning.actions import InvoiceChange, Step
from pennyform.invoices.model import UNSET


@dataclass(slots=True)
class FinalWave:
    """Draft waves in order, each a list of changes in order."""

    drafts: list[list[InvoiceChange]] = field(default_factory=list)

    @property
    def changes(self) -> list[InvoiceChange]:
        """All of its changes, in order."""
        return [change for wave in self.drafts for change in wave]


def final_waves(changes: Iterable[InvoiceChange]) -> Iterator[FinalWave]:
    """Changes, in the order in which they become final, in the waves in which they are read back."""
    changes = list(changes)
    to_finalize = sum(change.is_finalized for change in changes)
    wave, references, finalized = FinalWave(), set[str](), 0
    size = _wave_size(to_finalize)
    for change in changes:
        draft_wave = wave.drafts[-1] if wave.drafts else []
        full = len(draft_wave) >= WAVE or sum(member.is_finalized for member in draft_wave) >= size
        if not references.isdisjoint(change.depends_on) or (full and finalized + size > WAVE):
            yield wave
            wave, references, finalized, full = FinalWave(), set(), 0, True
        if full or not wave.drafts:
            wave.drafts.append([])
            size = _wave_size(to_finalize)
        wave.drafts[-1].append(change)
        references.add(change.external_reference)
        finalized += change.is_finalized
        to_finalize -= change.is_finalized
    if wave.drafts:
        yield wave


def _wave_size(to_finalize: int) -> int:
    """How many drafts are read together when so many are to become final: fewer and fewer towards the end.

    While the last wave becomes final, one after the other, there are no more drafts to write in between.
    """
    if to_finalize <= SMALL_WAVE:
        return max(to_finalize, 1)
    return min(FINALIZE_WAVE, max(ceil(to_finalize / 2), SMALL_WAVE))


def requests_of(changes: Iterable[InvoiceChange]) -> int:
    """How many requests it takes to write these changes and to read them back, when nothing goes wrong."""
    count = 0
    for wave in final_waves(changes):
        count += sum(step is not Step.READ_BACK for change in wave.changes for step in change.steps)
        for members in wave.drafts:
            # What remains of the invoices that credit notes take back is asked once more for a whole wave.
            count += any(_finalizes_credit_note(change) for change in members)
            count += _readings([(change, change.steps_before_number) for change in members])
        count += _readings([(change, change.steps_after_number) for change in wave.changes])
    return count


def _readings(members: Sequence[tuple[InvoiceChange, Sequence[Step]]]) -> int:
    """The requests that read back ``members`` after these steps.

    They are read together, as often as the one with the most readings; each time, only those that have that
    many.
    """
    readings = [steps.count(Step.READ_BACK) for _, steps in members]
    count = 0
    for number in range(1, max(readings, default=0) + 1):
        read = [change for (change, _), times in zip(members, readings, strict=True) if times >= number]
        count += ceil(len(read) / PAGE)
        for change in read:
            # What does not fit into the list of invoices: many lines, and sections.
            lines, body = len(change.resolved.lines), change.resolved.body
            count += ceil(lines / PAGE) if lines > INCLUDED_LINES else 0
            count += getattr(body, "invoice_line_sections", UNSET) is not UNSET
    return count


def _finalizes_credit_note(change: InvoiceChange) -> bool:
    return change.is_finalized and any(task.step is Step.LINK for task in change.tasks)
