"""The pinned contract as the server needs it: routes, request validation, errors."""
