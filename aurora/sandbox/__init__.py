"""The understudies: a small Quart app that plays the upstreams, well or badly, on demand."""
