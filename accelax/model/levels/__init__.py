"""The model of a chain of levels (Timeloop's semantics), one file per physical question."""
