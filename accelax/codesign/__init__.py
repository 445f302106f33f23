"""Hardware and mappings optimised together: one machine for all layers of a workload, with a bound for both."""
