"""The commands of every page are carried out, and what a page shows is compared."""
