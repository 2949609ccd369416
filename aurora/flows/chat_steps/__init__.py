"""The steps of a chat turn, one module each. Their order is in `flows.chat`."""
