"""A folded state graph in the words of those who draw it, and drawn."""
