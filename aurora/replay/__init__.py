"""Seeing again what happened, exactly: recorded turns, what they looked like, and today's code over them."""
