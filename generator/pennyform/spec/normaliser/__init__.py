"""From a pinned contract to what code is emitted from."""
