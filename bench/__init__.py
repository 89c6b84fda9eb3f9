"""What Quantpress costs, measured side by side in one run."""
