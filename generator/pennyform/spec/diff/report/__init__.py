"""From single differences to changes, one per root cause, with what each means."""
