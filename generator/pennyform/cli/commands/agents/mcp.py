"""``pennyform mcp``: tools for agents, over the Model Context Protocol on standard input and output."""

from __future__ import annotations

from pennyform.cli.commands.agents.scope import Scope
from pennyform.cli.options.agents import McpOptions
from pennyform.cli.terminal import Exit, Terminal
from pennyform.engine.runtime import Runtime
from pennyform.extras import require_extra


def run(options: McpOptions, terminal: Terminal, runtime: Runtime) -> Exit:
    """Serve until the client closes the streams.

    Raises:
        Failure: ``missing-extra``, and what :meth:`Scope.of` raises.
    """
    require_extra("mcp", "serving tools to agents")
    scope = Scope.of(options, terminal, runtime)
    if terminal.stdin.isatty():
        terminal.print_error(
            "This serves the Model Context Protocol on standard input and output: a client starts it, see "
            "docs/agents.md. Ctrl-D ends it."
        )

    from pennyform.cli.commands.agents.server import serve  # the SDK, which nobody else needs

    serve(scope)
    return Exit.OK
