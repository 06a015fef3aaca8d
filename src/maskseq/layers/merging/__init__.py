"""Several inputs into one."""
