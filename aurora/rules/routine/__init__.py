"""What goes together in a routine: known actives, the rules between them, the simulation and its heatmap.

One vocabulary serves the chat, the analysis and the simulation (`actives`); the rules are a table
(`conflict_rules`); `simulation` runs it over the steps of a routine, `heatmap` draws the result, `question`
reads a question about two things out of a message, and `texts` words the answer.
"""
