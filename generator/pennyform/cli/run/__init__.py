"""What plan, apply, verify and adopt have in common."""
