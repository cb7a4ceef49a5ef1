"""The gate: what a change to a protocol loses, told before it is merged.

What holds is *surveyed*, check by check as the configuration asks (`config`, `survey`), each in a process of its own
(`worker`), or taken from what was found before of the same files (`cache`). It is compared with the committed lock
(`lock`), or with a survey of the files at a git ref (`base`); each thing that got worse is a *finding* (`findings`),
which a team may accept until some day. `gate` puts it together, `formats` writes it down.
"""
