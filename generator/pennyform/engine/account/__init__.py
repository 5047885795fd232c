"""The account as the engine needs it: typed reads and writes through the emitted client."""
