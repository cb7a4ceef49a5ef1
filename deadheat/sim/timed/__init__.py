"""Time: how long steps take, runs under a virtual clock, and what can be said of them without any sampling."""
