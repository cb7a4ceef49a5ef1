"""Live traces and other logs, and whether a model explains them."""
