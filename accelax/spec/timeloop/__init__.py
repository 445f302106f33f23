"""The Timeloop v4 dialect: sections to tables of keys, constraints to nodes, and the lowering to levels."""
