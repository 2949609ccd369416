"""Skin analysis: what may be said of someone's skin, and how sure we are of it (contract C 11 to 24).

`intake` reads what the turn has to go on, `policy` chooses who speaks, `content` says what the answers carry,
`report_prompt` and `report_answer` deal with the report model, `render` puts the analysis together,
`confidence`, `artifact` and `plan` keep what it is worth, `summary` is what crosses the wire.
"""
