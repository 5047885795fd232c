"""One module for each command, in the folder of its kind: the name of the module with its options."""
