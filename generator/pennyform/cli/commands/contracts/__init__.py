"""Commands that work on API contracts and on what is generated from them."""
