"""``/_sandbox``: what a test needs to steer the sandbox, from any language. JSON in, JSON out."""
