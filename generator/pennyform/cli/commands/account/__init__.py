"""Commands that use an account, the real one or the sandbox's: each gets a Runtime besides its options."""
