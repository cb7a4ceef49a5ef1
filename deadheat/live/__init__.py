"""The same protocols on real servers: adapters, the runner, and what is asked of them."""
