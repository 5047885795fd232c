"""The container image, built and run; see ``__main__``."""
