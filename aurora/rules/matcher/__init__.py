"""Products of our own catalogue, matched with an ingredient plan (contract D 5.9): the first source of picks.

`catalogue` reads the file, `slots` says which step a product serves and how strong it is, `score` weighs it
for one person, `match` chooses, `items` and `words` say so. Everything is pure: the catalogue comes in as
data, ids are handed in.
"""
