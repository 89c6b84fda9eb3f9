"""Stage 2, pure: records in, findings out. No file, no clock, no GPU."""
