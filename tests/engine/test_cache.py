"""The cache: fewer requests, never another plan, and nothing that writes ever believes it."""

from __future__ import annotations

import json
import random
import stat
import zlib
from collections.abc import Callable
from contextlib import suppress
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pennyform.engine.account import cache_file
from pennyform.engine.planning.planner import make_plan
from pennyform.engine.session import cached_account, refresh_read_only
from pennyform.invoices import Repository

from .world import (
    API,
    PRODUCT,
    Fault,
    Handler,
    Office,
    answering,
    line,
    only,
    raw,
    read_all,
    statuses,
)

CHANGELOG_DELAY = 4.0


def dated(office: Office) -> Callable[[httpx.Request, Handler], httpx.Response]:
    """Answers carry the service's own time, as those of a real one do."""

    def trick(request: httpx.Request, handle: Handler) -> httpx.Response:
        answer = handle(request)
        answer.headers["date"] = format_datetime(office.clock.now(), usegmt=True)
        return answer

    return trick


@pytest.fixture
def desk(office: Office) -> Office:
    office.write("products/day.yaml", PRODUCT)
    for number in range(30):
        lines = "  - product: DAY\n    quantity: 2\n" if number % 3 == 0 else line()
        office.define(f"INV-{number:02}", finalize=number % 2 == 0, lines=lines)
    office.apply()
    office.clock.sleep(120.0)
    office.wire.faults = [Fault("GET", "", dated(office), times=10**6)]
    office.wire.sent.clear()
    return office


def live(office: Office, repository: Repository | None = None) -> str:
    remote, repository = office.remote(), repository or office.repository()
    looked = refresh_read_only(repository, remote, office.state(), office.storage)
    return json.dumps(make_plan(repository, looked.observation, looked.warnings).to_json())


def cached(office: Office, repository: Repository | None = None) -> str:
    remote, state, repository = office.remote(), office.state(), repository or office.repository()
    # The company was asked for through another client; this one learns the time from its own first answer.
    remote.company()
    del office.wire.sent[:-1]
    with cached_account(repository, remote, state) as mirror:
        looked = refresh_read_only(repository, mirror, state, office.storage)
    return json.dumps(make_plan(repository, looked.observation, looked.warnings).to_json())


def test_a_plan_with_nothing_to_do_takes_four_requests(desk: Office) -> None:
    first = cached(desk)
    assert cached(desk) == first == live(desk)
    cached(desk)
    asked = [request.url.path.rpartition("/v2/")[2] for request in desk.wire.sent]
    assert asked == ["me", "changelogs/customers", "changelogs/products", "changelogs/customer_invoices"]
    (file,) = (desk.root / ".pennyform" / "cache").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_what_changed_is_read_again_and_nothing_else(desk: Office) -> None:
    cached(desk)
    postpone(desk, "INV-01", "By hand")
    desk.clock.sleep(CHANGELOG_DELAY)
    assert json.loads(cached(desk))["summary"]["invoices"] == {"update": 1, "no_op": 29}
    # Beyond the four: the invoice by its id, and, since it differs, its lines in their order.
    assert len(desk.wire.sent) == 6
    assert cached(desk) == live(desk)


def test_an_apply_within_the_changelogs_delay_believes_the_account_alone(desk: Office) -> None:
    cached(desk)
    postpone(desk, "INV-01", "By hand")
    assert json.loads(cached(desk))["summary"]["pending"] is False
    desk.wire.faults = []
    assert statuses(desk.apply())["INV-01"] == "done"
    assert only(desk.books()["INV-01"])["deadline"] == "2025-10-31"


def postpone(office: Office, reference: str, subject: str) -> None:
    row = only(office.books()[reference])
    with raw(office.sandbox) as caller:
        change = {"deadline": f"2025-11-{len(subject):02}"}
        caller.put(f"{API}/customer_invoices/{row['id']}", json=change).raise_for_status()


def rename(office: Office, reference: str, other: str) -> None:
    row = only(office.books()[reference])
    with raw(office.sandbox) as caller:
        change = {"external_reference": other}
        caller.put(f"{API}/customer_invoices/{row['id']}", json=change).raise_for_status()


def delete(office: Office, reference: str, _: str) -> None:
    row = only(office.books()[reference])
    with raw(office.sandbox) as caller:
        caller.delete(f"{API}/customer_invoices/{row['id']}").raise_for_status()


def reprice(office: Office, *_: str) -> None:
    (product,) = read_all(office.sandbox, "/products")
    with raw(office.sandbox) as caller:
        price = str(float(product["price_before_tax"]) + 1)
        caller.put(f"{API}/products/{product['id']}", json={"price_before_tax": price}).raise_for_status()


def rename_customer(office: Office, *_: str) -> None:
    customer = next(iter(read_all(office.sandbox, "/customers")))
    with raw(office.sandbox) as caller:
        path = f"{API}/company_customers/{customer['id']}"
        caller.put(path, json={"name": customer["name"] + "!"}).raise_for_status()


def pay(office: Office, reference: str, _: str) -> None:
    row = only(office.books()[reference])
    with raw(office.sandbox) as caller:
        caller.put(f"{API}/customer_invoices/{row['id']}/mark_as_paid")


PEOPLE = (postpone, rename, delete, reprice, rename_customer, pay)


def redefine(office: Office, number: int) -> None:
    office.define(f"INV-{number:02}", lines=line(quantity="3"))


def define_more(office: Office, number: int) -> None:
    definition = f"NEW-{number:02}"
    office.define(definition)
    path = office.root / "invoices" / f"{definition}.yaml"
    path.write_text(path.read_text().replace("2025-10-01", f"2025-09-{number % 28 + 1:02}"))


def forget(office: Office, number: int) -> None:
    (office.root / "invoices" / f"INV-{number:02}.yaml").unlink(missing_ok=True)


AUTHORS = (redefine, define_more, forget)


def gone(path: Path) -> None:
    path.unlink()


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def of_another(field: str, value: Any) -> Callable[[Path], None]:
    """The file as another company, service, version or contract would have left it: its rows are lies."""

    def damage(path: Path) -> None:
        file = json.loads(zlib.decompress(path.read_bytes()))
        file[field] = value
        for one in file["contents"]["invoices"].values():
            one["header"]["deadline"] = "2030-01-01"
        path.write_bytes(zlib.compress(json.dumps(file).encode()))

    return damage


DAMAGES = {
    "gone": gone,
    "torn": torn,
    "flipped": flipped,
    "empty": lambda path: path.write_bytes(b""),
    "another company's": of_another("company", 1),
    "another service's": of_another("service", "elsewhere"),
    "another contract's": of_another("contract", "0" * 64),
    "another version's": of_another("made_by", "0.0.1"),
    "another format": of_another("format", 99),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_cannot_be_relied_on_is_as_good_as_none(desk: Office, damage: str) -> None:
    expected = cached(desk)
    (file,) = (desk.root / ".pennyform" / "cache").iterdir()
    DAMAGES[damage](file)
    assert cached(desk) == expected
    assert cached(desk) == expected
    assert len(desk.wire.sent) == 4


@pytest.mark.parametrize("day", ["2025-09-10", "2025-11-10"])
def test_dates_that_are_new_to_it_are_looked_through(desk: Office, day: str) -> None:
    desk.wire.faults = []
    texts = {}
    for number in range(30):
        desk.define(f"MORE-{number:02}")
        path = desk.root / "invoices" / f"MORE-{number:02}.yaml"
        path.write_text(path.read_text().replace("2025-10-01", day).replace("2025-10-31", "2025-11-30"))
        texts[path] = path.read_text()
    desk.apply()
    desk.journal.unlink()
    desk.clock.sleep(120.0)
    desk.wire.faults = [Fault("GET", "", dated(desk), times=10**6)]
    for path in texts:
        path.unlink()
    cached(desk)
    for path, text in texts.items():
        path.write_text(text)
    assert json.loads(cached(desk))["summary"]["invoices"] == {"no_op": 60}
    assert len(desk.wire.sent) == 5


def test_after_four_weeks_nobody_can_tell_what_changed(desk: Office) -> None:
    cached(desk)
    postpone(desk, "INV-01", "By hand")
    desk.clock.sleep(29 * 86400.0)
    assert json.loads(cached(desk))["summary"]["invoices"] == {"update": 1, "no_op": 29}
    assert not any("changelogs" in request.url.path for request in desk.wire.sent)


def test_a_changelog_that_fails_or_is_too_long_is_done_without(desk: Office) -> None:
    expected = cached(desk)
    plain = desk.wire.faults
    refused = answering(403, {"error": "no scope", "status": 403})
    desk.wire.faults = [Fault("GET", "changelogs/customer_invoices", refused), *plain]
    assert cached(desk) == expected

    def endless(request: httpx.Request, handle: Handler) -> httpx.Response:
        answer = handle(request)
        return httpx.Response(200, json={**json.loads(answer.read()), "has_more": True, "next_cursor": "x"})

    desk.wire.faults = [Fault("GET", "changelogs/products", endless), *plain]
    assert cached(desk) == expected


def test_what_is_too_large_is_not_kept(desk: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    cached(desk)
    monkeypatch.setattr(cache_file, "MOST_BYTES", 1000)
    expected = live(desk)
    assert cached(desk) == expected
    assert not list((desk.root / ".pennyform" / "cache").iterdir())


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_the_plan_is_the_one_made_without_it(desk: Office, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(8):
        for _ in range(rng.randint(0, 3)):
            number = rng.randrange(30)
            # A person may want what cannot be done; what is not there cannot be changed.
            with suppress(httpx.HTTPStatusError, KeyError):
                other = f"Other-{number}-{desk.clock.seconds:.0f}"
                rng.choice(PEOPLE)(desk, f"INV-{number:02}", other)
            if rng.random() < 0.5:
                rng.choice(AUTHORS)(desk, number)
        for file in (desk.root / ".pennyform" / "cache").glob("*.bin"):
            if rng.random() < 0.2:
                DAMAGES[rng.choice(sorted(DAMAGES))](file)
        desk.clock.sleep(rng.choice((CHANGELOG_DELAY, 30.0, 90.0)))
        repository = desk.repository()
        assert cached(desk, repository) == live(desk, repository)
