"""Classes of mappings, their relaxation to geometric programs, and what it proves and finds."""

from accelax.search.relaxed.bounds import ClassBounds, Relaxation, bound_classes
from accelax.search.relaxed.box import Box, whole_box
from accelax.search.relaxed.classes import LoopClass, MappingClass, class_of, enumerate_classes
from accelax.search.relaxed.gradient import GradientSearch

__all__ = [
    "Box",
    "ClassBounds",
    "GradientSearch",
    "LoopClass",
    "MappingClass",
    "Relaxation",
    "bound_classes",
    "class_of",
    "enumerate_classes",
    "whole_box",
]
