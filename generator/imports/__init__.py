"""Importers: each module reads what one tool writes, from its bytes to our records; none knows of files or folders."""
