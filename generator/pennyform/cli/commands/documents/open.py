"""``pennyform open``: the document of an issued invoice in a browser, or its link; changes nothing."""

from __future__ import annotations

from pennyform.cli.connection import DEFAULT_BASE_URL, base_url_of
from pennyform.cli.definitions import load_repository
from pennyform.cli.issued import UNAVAILABLE, find_documents, open_account
from pennyform.cli.options.documents import OpenOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.runtime import Runtime
from pennyform.findings import failure
from pennyform.spec.document.addresses import Address, AddressError, parse_address


def run(options: OpenOptions, terminal: Terminal, runtime: Runtime) -> Exit:
    """Open the document, or print its link; 1 when there is none or no browser."""
    repository = load_repository(options.targets, terminal, runtime)
    if repository.settings.environment == "sandbox":
        raise failure(
            UNAVAILABLE,
            "the embedded sandbox has no address that a browser could open",
            fix=f"write the document into a file with `pennyform pdf {options.reference[:100]}`",
        )
    with open_account(repository, options.targets.token_file, terminal, runtime) as connection:
        documents, problems = find_documents([options.reference], connection.account)
    terminal.print_findings(problems)
    if not documents:
        return Exit.ERROR
    (document,) = documents
    link = checked_link(document.file.url, base_url_of(terminal.environ))
    if options.only_print:
        terminal.print(link)
    elif runtime.open_page(link):
        terminal.print_error(f"Opened {document.reference} ({document.number}) in the browser.")
    else:
        raise failure("no-browser", "there is no browser here", fix="print the link with `--print`")
    return Exit.OK


def checked_link(link: str, base_url: str) -> str:
    """A link of the account, if it leads to the service and nowhere else.

    Args:
        link: text of the account, which may be anything.
        base_url: where requests are sent: the service, or a sandbox that is served on this computer.

    Returns:
        The link, of characters that URLs have.

    Raises:
        Failure: ``link-refused``: it is no URL, or its scheme, host or port is not that of the service.
    """
    try:
        address = parse_address(link)
    except AddressError as problem:
        raise _refused(f"{problem}") from None
    services = [parse_address(url) for url in (base_url, DEFAULT_BASE_URL)]
    if _origin(address) not in map(_origin, services):
        raise _refused(f"it leads to {address.scheme}://{address.host}:{address.port}")
    return link


def _refused(why: str) -> Exception:
    return failure(
        "link-refused",
        f"the account's link to the document is not opened: {why}",
        fix=f"links lead to the service that is asked, or to {DEFAULT_BASE_URL}",
    )


def _origin(address: Address) -> tuple[str, str, int]:
    return address.scheme, address.host, address.port
