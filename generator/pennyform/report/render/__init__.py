"""What ``render`` prints."""
