"""The kinds of attacks, and the tests that carry each of them out.

Each kind is held by one gate of the product. The tests are named by the beginning of their ids, so that a
whole file counts where all of it attacks; ``tests/conftest.py`` marks them (``pytest -m attack``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """``tried`` is what others can do, ``gate`` what holds. ``tests`` are paths below ``tests/``."""

    tried: str
    gate: str
    tests: tuple[str, ...]


def _of(file: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{file}::test_{name}" for name in names)


KINDS: Mapping[str, Kind] = {
    "state": Kind(
        "a pull request brings journals, locks, keys, saved plans, or links in their place",
        "state lies with the user, signed with a key that is in no repository",
        (
            *("engine/test_untrusted_state.py", "engine/test_saved_plans.py", "engine/test_hostile_state.py"),
            *_of(
                "engine/test_journal.py",
                *("every_prefix", "every_flipped", "no_record", "a_last_record", "a_damaged"),
                *("a_sound_record", "without_the_journal"),
            ),
            *_of("engine/test_cli.py", "a_plan_that_was_edited", "what_is_no_plan", "the_lock_is_one"),
            *_of("engine/test_cli.py", "a_plan_is_bound", "a_saved_plan_is", "a_plan_from_an_empty"),
        ),
    ),
    "files": Kind(
        "links, loops, pipes, devices and secrets in place of any file that is read or written",
        "`safe_files`: opened below its folder without following links, and used as it was checked",
        (
            *("test_safe_files.py", "attacks/test_files.py"),
            *_of("invoices/test_read.py", "what_is_no_file"),
            *_of(
                "invoices/test_attachments.py",
                *("a_link_may_not", "links_in", "a_path", "strange", "only_regular"),
                *("other_content", "a_file_has"),
            ),
            *_of("engine/test_storage.py", "a_file_that_does_not_fit"),
        ),
    ),
    "budget": Kind(
        "a repository whose size, nesting, expressions or rows ask for more than they deserve",
        "one budget for a run, and bounds that are counted; work grows as the input does",
        (
            *("invoices/test_budget.py", "invoices/test_growth.py", "attacks/test_growth.py"),
            *_of("invoices/test_read.py", "depth", "nodes", "a_large_file", "no_bytes", "no_yaml"),
            *_of("invoices/test_load.py", "no_definition", "no_template_and"),
            *_of("invoices/test_outputs.py", "markdown_stays"),
        ),
    ),
    "documents": Kind(
        "PDFs and XML that unpack, repair or expand without end",
        "work on a document is metered by its size; nothing is expanded or fetched",
        (
            "invoices/test_pdf_work.py",
            *_of("invoices/test_factur_x.py", "hostile", "a_tree", "what_is_no", "other_types"),
        ),
    ),
    "contracts": Kind(
        "contracts and overlays that hold code, hidden names, cycles, links, or more than can be read",
        "a contract is checked whole before it is pinned; what is emitted is read by a second reader",
        (
            *("client/test_hostile_contracts.py", "spec/test_hostile.py"),
            *("spec/test_hostile_servers.py", "spec/test_all_or_nothing.py", "spec/test_hostile_overlays.py"),
            *_of("spec/test_reading.py", "what_is_not_json", "every_duplicate", "what_is_json_but"),
            *_of("spec/test_pin.py", "a_bad_source", "invisible", "a_keyword"),
            *_of(
                "spec/test_fetching.py",
                *("every_limit", "a_server_that", "a_certificate", "a_redirect_never"),
                *("only_https", "a_url", "no_proxy"),
            ),
        ),
    ),
    "text": Kind(
        "characters that hide, reverse, command a terminal or a CI job, or end a cell, a tag or a line",
        "`text`: one policy for each kind of place where text is shown",
        (
            *(
                "test_text.py",
                "attacks/test_text.py",
                "attacks/test_outputs.py",
                "invoices/test_lookalikes.py",
            ),
            *_of("sandbox/test_ledger.py", "cells_of_exports"),
            *_of("invoices/test_outputs.py", "every_format"),
            *_of("sandbox/test_hostile_text.py", "text_of_a_fault"),
        ),
    ),
    "token": Kind(
        "a server that echoes the token, in any spelling, into what is shown or kept",
        "what goes out passes one search for secrets",
        (
            *("test_redaction.py", "client/test_secrets.py"),
            *_of("attacks/test_outputs.py", "a_secret"),
            *_of("client/test_exchange.py", "the_token", "a_token", "a_base_url"),
            *_of("engine/test_cli.py", "the_real_way", "the_token_goes", "a_token_file"),
            *_of("sandbox/test_hostile_text.py", "secrets", "which_parameters"),
            *_of("sandbox/test_access.py", "the_token_is_not"),
            *_of("sandbox/test_oauth.py", "no_secret"),
            *_of("sandbox/test_admin.py", "the_log_says"),
        ),
    ),
    "numbers": Kind(
        "`1e99999999`, `NaN`, `sNaN` and thousands of digits, in answers and in requests",
        "digits and exponents are bounded where a number is read",
        (
            "attacks/test_numbers.py",
            *_of("engine/test_hostile_answers.py", "amounts"),
            *_of("client/test_exchange.py", "text_that_could_be"),
            *_of("sandbox/test_robustness.py", "numbers"),
            *_of("sandbox/test_hostile_text.py", "numbers"),
        ),
    ),
    "answers": Kind(
        "answers that never end, repeat, contradict one another, or are about something else",
        "a request has one deadline and caps; what was not asked for is refused",
        (
            "client/test_deadline.py",
            *_of("client/test_exchange.py", "every_shape", "a_success", "an_endless"),
            *_of("client/test_exchange.py", "a_wait", "a_long_message"),
            *_of("engine/test_limits.py", "a_list", "empty_pages"),
            *_of(
                "engine/test_hostile_answers.py",
                "an_answer",
                "a_look_up",
                "the_answer",
                "nothing_final",
                "a_record",
            ),
        ),
    ),
    "output": Kind(
        "outputs that are closed, full or stalled while a run is under way",
        "output changes neither what is done nor the exit code",
        ("engine/test_outputs_lost.py", "test_defects.py"),
    ),
    "agents": Kind(
        "text that an agent reads, or the agent itself, wants invoices issued, other files read, tokens told",
        "a person approves exactly one plan on a terminal; one way out for results; one account a process",
        (
            "agents/test_approvals.py",
            *_of(
                "agents/test_tools.py",
                *("only_one_tool", "hostile_texts", "nothing_in_a_result", "results_have", "a_path_leads"),
                *("arguments_are", "results_are", "settings_cannot", "a_process_is", "a_defect"),
            ),
        ),
    ),
    "patterns": Kind(
        "text made for a cubic pattern: addresses, wildcards, filters, logs",
        "the sandbox reads bounded text in one pass; SIGTERM is the system's",
        (
            *_of(
                "sandbox/test_hostile_text.py",
                *("wildcards", "a_pattern", "addresses", "a_pdf", "a_filter", "a_request", "duplicates"),
            ),
            *_of("sandbox/test_bodies.py", "a_signal"),
        ),
    ),
    "browser": Kind(
        "a web page that reaches the sandbox: forms, images, DNS rebinding, scripts in files",
        "Host, Origin and Sec-Fetch-Site for every path; files are inert attachments",
        (
            "sandbox/test_browser_gate.py",
            *_of("sandbox/test_admin.py", "other_sites", "a_name_that", "a_body_that"),
        ),
    ),
    "requests": Kind(
        "bodies without end, odd headers, cursors, dates and files, full disks, locked books",
        "route, visitor and token come before the body, which has a limit and a deadline",
        (
            "sandbox/test_robustness.py",
            *_of(
                "sandbox/test_bodies.py",
                *("the_answer", "a_body", "a_large", "bodies", "readers", "who_waits", "a_full"),
            ),
            *_of(
                "sandbox/test_hostile_text.py",
                *("cursors", "filters", "redirects", "what_is_sent", "admin"),
                *("the_largest", "faults", "rules", "what_comes_late"),
            ),
            *_of("sandbox/test_serve.py", "only_a_snapshot", "wrong_fixtures", "a_snapshot", "what_is_wrong"),
            *_of("sandbox/test_store.py", "a_full_disk", "a_file_that_is_locked"),
            *_of("sandbox/test_files.py", "a_changed_link", "only_documents", "what_is_no_form"),
        ),
    ),
}


_LONGEST_FIRST = sorted(
    ((name, kind) for kind, described in KINDS.items() for name in described.tests),
    key=lambda pair: (len(pair[0]), pair[1]),
    reverse=True,
)


def kind_of(test: str) -> str:
    """The kind of the test with an id below ``tests/``; "" when it is no attack."""
    return next((kind for name, kind in _LONGEST_FIRST if test.startswith(name)), "")


def files_of(*kinds: str) -> list[str]:
    """The files that have tests of some kinds, or of any."""
    return sorted({name.partition("::")[0] for kind in kinds or KINDS for name in KINDS[kind].tests})
