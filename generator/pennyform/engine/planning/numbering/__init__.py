"""Numbers of invoices: those that are booked already, and dates that their order would contradict."""
