"""What may be said: pure functions. Everything a rule needs, the moment in time included, is an argument."""
