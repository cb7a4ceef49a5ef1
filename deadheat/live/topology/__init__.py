"""Each process of a protocol as an operating-system process of its own, so that a crash is a real SIGKILL."""
