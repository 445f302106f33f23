"""The AccelForge dialect: `arch`, `workload`, `mapping`, and how they lower to the intermediate representation."""

from accelax.spec.accelforge.specification import AccelForgeSpecification

__all__ = ["AccelForgeSpecification"]
