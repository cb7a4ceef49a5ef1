"""Every code block of every page is run, and every output that a page shows is compared with what is printed."""
