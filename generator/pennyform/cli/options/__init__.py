"""The options of every verb: how argparse declares them, and the record that a command gets.

A command is not imported before its options are read, so that ``--help`` and a mistyped option are answered
at once: nothing here imports the engine, the API client, or anything else that is slow.
"""
