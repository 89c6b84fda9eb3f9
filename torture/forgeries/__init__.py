"""Ways to forge a run: what a lazy cheat edits, and what a careful one edits with it. Nothing here knows a check."""
