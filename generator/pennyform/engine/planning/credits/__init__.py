"""Credit notes: the lines that follow from the credited invoice, and what keeps them from being linked."""
