"""Where it comes in: the process's lifetime, the Quart app, one blueprint per resource."""
