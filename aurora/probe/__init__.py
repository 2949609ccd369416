"""Probes: small talks with a running service that say whether it keeps the contract (contract E 4)."""
