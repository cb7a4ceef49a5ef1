"""What is checked, and what a check says: protocol x size x fault budgets x properties."""
