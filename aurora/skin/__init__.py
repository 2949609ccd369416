"""What pixels say: pure functions on arrays."""
