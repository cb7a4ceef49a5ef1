"""What runs leave on servers: whose it is, and how it is removed."""
