"""Where a real system keeps the statuses of its evaluations, for `deadheat cleanup`: one file a kind of store.

Every lookup reads one status at a time, writes nothing, connects when it is first asked, and connects again after a
connection was lost. It raises UnreadableError for what concerns one evaluation, LiveError for the whole store.
"""
