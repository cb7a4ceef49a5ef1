"""Runs drawn at random: how they are chosen, what they find, and what that was worth."""
