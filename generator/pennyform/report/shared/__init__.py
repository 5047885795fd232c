"""What renderings share: pages, colours, numbers, wording of values."""
