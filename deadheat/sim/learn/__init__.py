"""What was learned of a model, as tables: the local steps of its processes, and what its properties say."""
