"""The report as one HTML file: templates, a style and a script, and the state graphs as data that the script walks."""
