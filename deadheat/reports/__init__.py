"""Results made visible; nothing here computes one."""
