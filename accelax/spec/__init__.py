"""Specifications: text to objects to the intermediate representation. Never imports jax."""
