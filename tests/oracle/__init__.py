"""An independent checker, which shares no code with the engine, and random systems on which the two must agree."""
