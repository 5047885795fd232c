"""Several companies in one repository: where each ends, what it inherits, and what leads to another one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pennyform.cli import main
from pennyform.findings import Failure
from pennyform.invoices import load
from pennyform.invoices.sources.discover import by_repository

from .definitions import YAML_TEXT

SETTINGS = "version: 1\nenvironment: sandbox\n"
PRODUCT = 'external_reference: DAY\nlabel: Day\nprice_before_tax: "500.00"\nunit: day\nvat_rate: FR_200\n'
WRONG = YAML_TEXT.replace("FR_200", "FR_055")


def write(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "firm"
    write(
        root,
        {
            "pennyform.yaml": SETTINGS + 'companies: ["companies/*"]\nreference_prefix: F-\n'
            'policies: {max_amount: "5000.00", never_finalize: true}\n'
            'environments: {sandbox: {policies: {max_invoices: 5, max_total: "9.00"}}}\n',
            "products/day.yaml": PRODUCT,
            "companies/a/pennyform.yaml": SETTINGS,
            "companies/a/invoices/one.yaml": YAML_TEXT,
            "companies/b/pennyform.yaml": SETTINGS + 'policies: {max_amount: "20.00", max_total: "8.00"}\n',
            "companies/b/products/day.yaml": PRODUCT.replace("500.00", "400.00"),
        },
    )
    return root


def test_files_of_several_companies_are_checked_by_their_own_rules(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root, {"companies/b/invoices/one.yaml": YAML_TEXT})
    monkeypatch.chdir(root)
    assert main(["validate", "companies/a/invoices/one.yaml", "companies/b/invoices/one.yaml"]) == 4
    output = capsys.readouterr().out
    assert "companies/b/invoices/one.yaml:1:21: error policy-max-amount" in output
    assert "companies/a/invoices" not in output
    assert output.count("error") == 2  # the finding, and the one line of the summary


def test_what_a_company_inherits(root: Path) -> None:
    (first, _), (second, _) = (load([root / "companies" / name]) for name in "ab")
    assert (first.settings.company, first.settings.reference_prefix) == ("a", "F-")
    assert str(first.products["DAY"].body.price_before_tax) == "500.00"
    assert str(second.products["DAY"].body.price_before_tax) == "400.00"
    assert {str(key): str(value) for key, value in second.settings.policies.max_amount.items()} == {
        "EUR": "20.00"
    }
    # The nearest folder wins, also against what the root says for one environment.
    assert str(second.settings.policies.max_total["EUR"]) == "8.00"
    assert str(first.settings.policies.max_total["EUR"]) == "9.00"
    assert second.settings.policies.max_invoices == 5
    assert second.settings.policies.never_finalize
    # A saved plan is bound to all that it follows from, wherever the repository lies.
    assert {"../../pennyform.yaml", "../../products/day.yaml"} <= first.files.keys()


def test_a_company_is_no_part_of_what_is_around_it(root: Path) -> None:
    repository, _ = load([root])
    assert repository.invoices == ()
    assert by_repository([root]) == [(root,), (root / "companies" / "a",), (root / "companies" / "b",)]
    assert by_repository([root / "companies" / "a" / "invoices"]) == [
        (root / "companies" / "a" / "invoices",)
    ]


def test_companies_without_a_root(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is a repository of its own, and what is beside them is nobody's."""
    (root / "pennyform.yaml").unlink()
    write(root, {"compose.yaml": "services: {}\n", "companies/b/invoices/one.yaml": WRONG})
    assert main(["validate", str(root)]) == 4
    output = capsys.readouterr().out
    assert "compose.yaml" not in output
    assert "unknown-vat-rate" in output
    assert load([root / "companies" / "a"])[0].settings.company == ""


def test_a_repository_that_is_not_listed_inherits_nothing(root: Path) -> None:
    write(root, {"other/pennyform.yaml": SETTINGS, "companies/c/d/pennyform.yaml": SETTINGS})
    for folder in ("other", "companies/c/d"):
        repository, _ = load([root / folder])
        assert (repository.settings.company, dict(repository.products)) == ("", {})


def test_a_root_that_cannot_be_read_is_an_error_of_its_companies(root: Path) -> None:
    write(root, {"pennyform.yaml": "companies: [\n"})
    _, findings = load([root / "companies" / "a"])
    assert [finding.file for finding in findings if finding.severity == "error"] == [
        str(root / "pennyform.yaml")
    ]


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("companies/a/invoices/other.yaml", "../../b/invoices/one.yaml"),
        ("companies/a/products", "../b/products"),
        ("companies/a/products", "../../products"),
        ("products/inner.yaml", "../companies/a/invoices/one.yaml"),
    ],
)
def test_no_link_leads_from_one_company_to_another(root: Path, link: str, target: str) -> None:
    write(root, {"companies/b/invoices/one.yaml": YAML_TEXT})
    path = root / link
    path.symlink_to(target)
    repository = root / "companies" / "a" if "companies" in link else root
    _, findings = load([repository])
    assert [finding.rule for finding in findings if finding.severity == "error"] == ["file-unreadable"]


def test_a_file_of_another_company_is_not_sent(root: Path) -> None:
    """Neither by its path nor from a repository around it."""
    write(root, {"companies/b/terms.pdf": "%PDF-1.4\n"})
    appendix = "options:\n  finalize: false\n  appendices: [{}]\n"
    invoice = YAML_TEXT.partition("options:")[0]
    write(root, {"companies/a/invoices/one.yaml": invoice + appendix.format("../../b/terms.pdf")})
    (root / "pennyform.yaml").write_text(SETTINGS)
    write(root, {"invoices/one.yaml": invoice + appendix.format("../companies/b/terms.pdf")})
    for folder in (root / "companies" / "a", root / "invoices"):
        _, findings = load([folder])
        assert "attachment" in [finding.rule for finding in findings]


def test_a_link_is_no_company(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outside = root.parent / "outside"
    write(outside, {"pennyform.yaml": SETTINGS})
    (root / "companies" / "c").symlink_to(outside)
    assert main(["validate", str(root)]) == 4
    assert "`companies/c` is a link" in capsys.readouterr().out


@pytest.mark.parametrize(
    "token",
    [
        "{env: GITHUB_TOKEN}",
        "{env: PENNYFORM_STATE_KEY}",
        "{env: PENNYLANE_BASE_URL}",
        "{file: /etc/passwd}",
        "{file: ../other}",
        "{file: .netrc}",
        '{file: "a\\n"}',
        "{keyring: login/keychain}",
        "{command: [cat, /etc/passwd]}",
        "{value: abcdef}",
        "{env: PENNYLANE_TOKEN_A, file: a}",
        "abcdef",
        "{}",
    ],
)
def test_settings_name_no_other_secret_than_a_token_of_pennylane(root: Path, token: str) -> None:
    write(root, {"companies/a/pennyform.yaml": f"{SETTINGS}token: {token}\n"})
    repository, findings = load([root / "companies" / "a"])
    assert any(finding.severity == "error" and finding.pointer.startswith("/token") for finding in findings)
    assert repository.settings.token is None


def test_a_single_command_does_not_mix_companies(root: Path) -> None:
    with pytest.raises(Failure, match="different invoice repositories"):
        load([root / "companies" / "a", root / "companies" / "b"])
