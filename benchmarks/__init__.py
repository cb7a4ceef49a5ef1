"""Measurements, and the peers that deadheat is measured against."""
