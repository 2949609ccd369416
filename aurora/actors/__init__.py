"""Who does it and how long: budgets, nurseries, mailboxes, the assembler, one module per upstream."""
