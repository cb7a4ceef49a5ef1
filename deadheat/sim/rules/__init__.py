"""What the code of users must keep to, looked for before and after its runs."""
