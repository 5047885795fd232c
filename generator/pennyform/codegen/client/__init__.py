"""The typed client: a normalised contract → the modules of a package that stands alone."""

from pennyform.codegen.client.package import emit

__all__ = ["emit"]
