"""The cost models: arithmetic on arrays, written for one mapping and batched by ``vmap``.

:mod:`accelax.model.levels` counts and prices a chain of levels (Timeloop's semantics), the ``tree_*`` modules Einsums
on a tree of components (AccelForge's); :mod:`accelax.model.evaluate` gives both one batched entry.
"""
