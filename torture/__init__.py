"""What Quantpress survives, counted: faults, kills, hostile and forged records, canaries, slips in its own code."""
