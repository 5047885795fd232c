"""Commands about the installation itself, and what is said where no verb is given."""
