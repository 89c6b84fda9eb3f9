"""What no machine can have done: records against themselves and against what is known of hardware. See `laws`."""
