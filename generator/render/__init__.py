"""Stage 3, pure: findings in, Markdown and charts out. No file, no clock, no GPU."""
