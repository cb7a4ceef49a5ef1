"""Small systems in which a wrong answer was once given."""
