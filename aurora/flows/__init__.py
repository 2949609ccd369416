"""What happens in a turn: one module per kind of turn; each flow reads top to bottom like a recipe."""
