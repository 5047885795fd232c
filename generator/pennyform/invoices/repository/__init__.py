"""An invoice repository: its files loaded, checked and resolved."""
