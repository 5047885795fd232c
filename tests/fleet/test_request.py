"""What a job carries: the bytes that were read, and nothing that leads out of its folder."""

from __future__ import annotations

import hashlib
import io
import json
import logging
from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace
from pennyform import __version__
from pennyform.findings import Failure
from pennyform.fleet.log import log, log_to
from pennyform.fleet.queue import Stop
from pennyform.fleet.request import WorkRequest, collect, decode, encode, unpack
from pennyform.invoices import load
from pennyform.report.fleet import prometheus_text, status_page, status_text
from pennyform.report.shared.layout import Layout, columns
from pennyform.results.apply import FinalTotal
from pennyform.results.fleet import FleetJob, FleetStatusDocument, WaitingPlan

ROOT = Path(__file__).parents[2]
REQUEST = {
    "format_version": 1,
    "pennyform": __version__,
    "verb": "apply",
    "company": "alder",
    "company_id": 7,
    "folder": "companies/alder",
    "files": [{"path": "companies/alder/pennyform.yaml", "sha256": "0" * 64, "size": 1}],
    "submitted_at": "2026-01-01T00:00:00+00:00",
    "nonce": "0" * 32,
}
SETTINGS = "version: 1\nenvironment: production\n"


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("firm").resolve()
    company = root / "companies" / "alder"
    for file, text in {
        root / "pennyform.yaml": f'{SETTINGS}companies: ["companies/*"]\n',
        root / "products" / "day.yaml": (
            'external_reference: DAY\nlabel: Day\nprice_before_tax: "650.00"\nvat_rate: FR_200\nunit: day\n'
        ),
        root / "unrelated.txt": "not read\n",
        company / "pennyform.yaml": f"{SETTINGS}policies: {{company_id: 7}}\n",
        company / "files" / "hours.pdf": "%PDF-1.4\n",
        company / "invoices" / "one.yaml": (
            "external_reference: A-1\ncustomer: ACME\ndate: 2026-01-01\ndeadline: 2026-02-01\n"
            "invoice_lines:\n  - {product: DAY, quantity: 1}\noptions: {appendices: [../files/hours.pdf]}\n"
        ),
    }.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def test_a_job_carries_what_was_read_and_what_is_inherited_and_nothing_else(
    firm: Path, tmp_path: Path
) -> None:
    repository, findings = load([firm / "companies" / "alder"])
    assert not [finding for finding in findings if finding.severity == "error"], findings
    folder, files, contents = collect(repository, {})
    assert folder == "companies/alder"
    assert [file.path for file in files] == [
        "companies/alder/files/hours.pdf",
        "companies/alder/invoices/one.yaml",
        "companies/alder/pennyform.yaml",
        "pennyform.yaml",
        "products/day.yaml",
    ]
    request = decode(encode(replace(decode(json.dumps(REQUEST).encode()), files=files)))
    root = unpack(request, lambda digests: {digest: contents[digest] for digest in digests}, tmp_path)
    again, _ = load([root])
    assert (again.invoices[0].digest, again.files) == (repository.invoices[0].digest, repository.files)
    for file in files:
        assert (tmp_path / file.path).stat().st_mode & 0o077 == 0


def test_a_file_that_changed_since_it_was_read_is_not_submitted(firm: Path) -> None:
    repository, _ = load([firm / "companies" / "alder"])
    name = "invoices/one.yaml"
    changed = repository._replace(files={**repository.files, name: "0" * 64})
    with pytest.raises(Failure, match="changed while it was read"):
        collect(changed, {})


@pytest.mark.parametrize(
    "change",
    [
        {"files": []},
        {"files": [{"path": "/etc/passwd", "sha256": "0" * 64, "size": 1}]},
        {"files": [{"path": "../x", "sha256": "0" * 64, "size": 1}]},
        {"files": [{"path": "a/../../x", "sha256": "0" * 64, "size": 1}]},
        {"files": [{"path": "a/./x", "sha256": "0" * 64, "size": 1}]},
        {"files": [{"path": "a//x", "sha256": "0" * 64, "size": 1}]},
        {"files": [{"path": "a\0x", "sha256": "0" * 64, "size": 1}]},
        {"files": [{"path": "x", "sha256": "A" * 64, "size": 1}]},
        {"files": [{"path": "x", "sha256": "0" * 64, "size": 2**40}]},
        {"files": [{"path": name, "sha256": "0" * 64, "size": 2**27} for name in ("x", "y", "z")]},
        {"files": 2 * REQUEST["files"]},
        {"folder": "../x"},
        {"folder": "/x"},
        {"verb": "delete"},
        {"company_id": -1},
        {"plan": "x"},
        {"surprise": 1},
        {"pennyform": "0.0.1"},
    ],
    ids=lambda change: json.dumps(change)[:60],
)
def test_what_is_no_request_is_a_finding(change: dict[str, object]) -> None:
    with pytest.raises(Failure) as failure:
        decode(json.dumps(REQUEST | change).encode())
    assert failure.value.findings[0].rule in {"fleet-request", "fleet-version"}


def test_what_lacks_a_file_is_not_unpacked(tmp_path: Path) -> None:
    request = decode(json.dumps(REQUEST).encode())
    with pytest.raises(Failure, match="not in the database as it was submitted"):
        unpack(request, lambda _: {}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_the_way_is_not_followed(tmp_path: Path) -> None:
    content = b"x"
    digest = hashlib.sha256(content).hexdigest()
    file = {"path": "companies/alder/x.yaml", "sha256": digest, "size": 1}
    request: WorkRequest = decode(json.dumps(REQUEST | {"files": [file]}).encode())
    (tmp_path / "outside").mkdir()
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "companies").symlink_to(tmp_path / "outside")
    with pytest.raises(Failure, match="cannot be unpacked"):
        unpack(request, lambda _: {digest: content}, tmp_path / "job")
    assert list((tmp_path / "outside").iterdir()) == []


# --- what is shown ------------------------------------------------------------------------------------------

STATUS = FleetStatusDocument(
    format_version=1,
    pennyform=__version__,
    at="2026-01-01T12:00:00+00:00",
    paused=False,
    paused_companies=(4,),
    companies=1200,
    workers=2,
    queue={"doing": 2, "failed": 1, "succeeded": 5, "todo": 7},
    oldest_seconds=12.3,
    running=tuple(range(21_000_000, 21_000_040)),
    stuck=(3,),
    failed=(
        FleetJob(5, "2026-01-01T11:00:00+00:00", "alder\x1b[31m", 21, "apply", "failed", 1, "no " * 60, 1.0),
    ),
    plans=(
        WaitingPlan(
            "ab" * 32, "cd" * 32, "birch <b>", 22, "A Person <a@example.com>", "2026-01-01T10:00:00+00:00"
        ),
    ),
    writes_per_second=3.5,
    issued_today=(FinalTotal("EUR", 12, "1234.50"),),
)


def test_the_status_fits_a_terminal_and_text_from_outside_is_text() -> None:
    text = status_text(STATUS)
    assert text.startswith("1,200 companies, 2 workers, 2026-01-01T12:00:00+00:00\n  ! paused: 4\n")
    assert max(map(columns, status_text(STATUS, Layout(80)).splitlines())) <= 80
    assert "\x1b" not in text
    page = status_page(STATUS, refresh=True)
    assert '<meta http-equiv="refresh" content="5">' in page
    assert "birch &lt;b&gt;" in page
    assert "refresh" not in status_page(STATUS)


def test_figures_for_prometheus_name_nobody() -> None:
    text = prometheus_text(STATUS)
    assert 'pennyform_fleet_jobs{status="todo"} 7\n' in text
    assert 'pennyform_fleet_issued_amount{currency="EUR"} 1234.50\n' in text
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
    assert not [word for word in ("alder", "birch", "Person", "21000000") if word in text]


def test_logs_have_no_text_of_others() -> None:
    stream = io.StringIO()
    before = {
        name: logging.getLogger(name).handlers for name in ("pennyform.fleet", "procrastinate", "psycopg")
    }
    try:
        log_to(stream)
        log("begin", job=1, company=7, verb="apply")
        logging.getLogger("procrastinate.worker").warning(
            "call(secret=%s)", "s3cret", extra={"action": "stop"}
        )
        with pytest.raises(AssertionError):
            log("begin", reference="A-1")
    finally:
        for name, handlers in before.items():
            logging.getLogger(name).handlers, logging.getLogger(name).propagate = handlers, True
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["begin", "stop"]
    assert "s3cret" not in stream.getvalue()


def test_a_stop_that_was_requested_before_somebody_listens_is_heard() -> None:
    stop, heard = Stop(), list[int]()
    stop.request()
    stop.on_request(lambda: heard.append(1))
    assert heard == [1]
    assert stop.wait(0)


def test_the_files_of_the_guide_can_be_read() -> None:
    text = (ROOT / "docs" / "fleet.md").read_text(encoding="utf-8")
    blocks = [block.partition("```")[0] for block in text.split("```yaml\n")[1:]]
    documents = [document for block in blocks for document in yaml.safe_load_all(block)]
    kinds = [document.get("kind", next(iter(document))) for document in documents]
    # `on:` is true in YAML 1.1.
    assert kinds == [True, "services", "Deployment", "CronJob"]
    steps = [step for job in documents[0]["jobs"].values() for step in job["steps"]]
    uses = [step for step in steps if step["uses"].startswith("pennyform/")]
    assert [step["uses"].split("/")[3].partition("@")[0] for step in uses] == ["plan", "approve"]
    for step in uses:
        folder, _, version = step["uses"].split("/")[3].partition("@")
        inputs = yaml.safe_load((ROOT / "actions" / folder / "action.yml").read_text())["inputs"]
        assert step["with"].keys() <= inputs.keys()
        assert (version, step["with"]["install"]) == (f"v{__version__}", f"pennyform[fleet]=={__version__}")
