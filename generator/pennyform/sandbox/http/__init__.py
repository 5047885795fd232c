"""HTTP in front of the sandbox: dispatcher, transports, ASGI, server."""
