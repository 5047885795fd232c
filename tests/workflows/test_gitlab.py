"""The template for GitLab: a merge request gets its plan as a note, and what is merged is applied."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from pennyform import sandbox
from pennyform.cli import main
from pennyform.sandbox import Sandbox
from pennyform.sandbox.background_server import Served

from .gitlab import NOTES, TOKEN, Notes, Pipeline
from .planted import plant_modules

MERGE_REQUEST = {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "7"}
AFTER_THE_MERGE = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BRANCH": "main"}
MARK = "<!-- pennyform plan -->"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    assert main(["init", str(folder), "--gitlab"]) == 0
    return folder


@pytest.fixture
def notes() -> Iterator[Notes]:
    kept = Notes()
    with kept.served():
        yield kept


def pipeline(repository: Path, notes: Notes, event: dict[str, str], **more: str) -> Pipeline:
    scratch = repository.parent / "runner"
    scratch.mkdir(exist_ok=True)
    variables = {
        "CI_DEFAULT_BRANCH": "main",
        "CI_PROJECT_ID": "5",
        "CI_API_V4_URL": notes.url,
        "GITLAB_USER_NAME": "Ann",
        "GITLAB_USER_EMAIL": "ann@example.com",
        "PENNYFORM_NOTES_TOKEN": TOKEN,
        "PENNYFORM_STATE_KEY": "k" * 32,
    }
    return Pipeline(repository, scratch, {**variables, **event, **more})


def break_one(repository: Path) -> None:
    file = repository / "invoices" / "2026-001.yaml"
    file.write_text(f"{file.read_text()}nonsense: true\n")


def test_each_event_has_its_jobs(repository: Path, notes: Notes) -> None:
    assert pipeline(repository, notes, MERGE_REQUEST).jobs() == ["validate", "plan"]
    merged = pipeline(repository, notes, AFTER_THE_MERGE)
    assert merged.jobs() == ["validate", "plan", "apply"]
    assert [name for name in merged.jobs() if merged.is_manual(name)] == ["apply"]
    branch = AFTER_THE_MERGE | {"CI_COMMIT_BRANCH": "topic"}
    assert pipeline(repository, notes, branch).jobs() == []


def test_one_note_follows_the_plan(repository: Path, notes: Notes) -> None:
    for number in range(5):
        notes.add(f"remark {number}", 2)
    notes.add(f"{MARK}\nof somebody else", 2)
    request = pipeline(repository, notes, MERGE_REQUEST)
    assert [request.run(name) for name in request.jobs()] == [0, 0], request.log
    note = notes.rows[-1]["body"]
    assert note.startswith(f"{MARK}\n### pennyform plan: Sandbox SAS (sandbox)")
    assert "INV-2026-001" in request.log
    assert (request.scratch / "artifacts" / "plan.html").stat().st_size > 10_000

    break_one(repository)
    assert request.run("validate") == 4
    assert "nonsense" in request.log
    assert request.run("plan") == 4
    assert len(notes.rows) == 7
    assert "there is no plan (exit 4)" in notes.rows[-1]["body"]
    assert "nonsense" in notes.rows[-1]["body"]
    assert notes.requests[-1] == f"PUT {NOTES}/7"
    assert TOKEN not in request.log
    assert "somebody else" in notes.rows[-2]["body"]


def test_without_a_token_for_notes_the_log_says_so(repository: Path, notes: Notes) -> None:
    request = pipeline(repository, notes, MERGE_REQUEST, PENNYFORM_NOTES_TOKEN="")
    assert request.run("plan") == 0
    assert "PENNYFORM_NOTES_TOKEN is not set" in request.log
    assert notes.requests == []


def test_a_note_that_is_refused_fails_the_job(repository: Path, notes: Notes) -> None:
    request = pipeline(repository, notes, MERGE_REQUEST, PENNYFORM_NOTES_TOKEN="another")
    assert request.run("plan") == 1
    assert "401" in request.log


@pytest.fixture
def account() -> Iterator[dict[str, str]]:
    """An account on a port; the variables that name it."""
    with closing(Sandbox(rate_limit=False)) as books, Served(books) as served:
        yield {"PENNYLANE_BASE_URL": served.url, "PENNYLANE_API_TOKEN": sandbox.TOKEN}


def test_after_the_merge_exactly_the_saved_plan_is_applied_once(
    repository: Path, notes: Notes, account: dict[str, str]
) -> None:
    settings = repository / "pennyform.yaml"
    settings.write_text(settings.read_text().replace("environment: sandbox", "environment: production"))
    merged = pipeline(repository, notes, AFTER_THE_MERGE, **account)
    assert [merged.run(name) for name in merged.jobs()] == [0, 0, 0], merged.log
    assert "Apply: 4 done." in merged.log
    assert notes.requests == []
    # The journal comes from the cache of the first apply.
    assert merged.run("apply") != 0
    assert merged.run("plan") == 0
    assert "No changes" in merged.log

    # Changed after it was planned, as by a push in between.
    (repository / "customers" / "new.yaml").write_text(
        (repository / "customers" / "acme.yaml").read_text().replace("ACME", "NEW")
    )
    assert merged.run("plan") == 0
    (repository / "customers" / "new.yaml").unlink()
    assert merged.run("apply") != 0
    assert "plan-stale" in merged.log


def test_no_file_of_the_repository_is_run(repository: Path, notes: Notes) -> None:
    marker = plant_modules(repository)
    request = pipeline(repository, notes, MERGE_REQUEST, PIP_NO_INDEX="1")
    (install,) = request.described["default"]["before_script"]
    for name in request.jobs():
        assert request.run(name) == 0, request.log
        request.described[name]["script"] = [install.replace("pennyform==", "no-such-package==")]
        assert request.run(name) != 0
    assert not marker.exists()
