"""What crosses the wire: structs of requests, envelope, cards, facts. No behaviour."""
