"""The targets, in one module for each part of the product: a worker instruments only what it fuzzes."""
