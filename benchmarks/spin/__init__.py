"""SPIN as an independent oracle for the verdicts, and as a peer for the speed."""
