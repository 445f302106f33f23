"""Energies and areas of an AccelForge architecture as tables, each with the component model that it comes from."""

from __future__ import annotations

from accelax.components.energy_tables import AreaEntry, EnergyEntry, EnergyTables, Term
from accelax.ir.tree_machine import TreeComponent
from accelax.spec.accelforge.actions import bits_moved, default_action, is_dummy
from accelax.spec.accelforge.arch_models import ComputeAction
from accelax.spec.accelforge.component_models import ComponentModel

PICO = 1e12
"""From J to pJ, and from m² to µm²."""


def energy_tables_of(lowered: list[tuple[ComponentModel, TreeComponent, int]]) -> EnergyTables:
    """The tables of components as one Einsum sees them: each with its model and how many instances it has.

    Energies are pJ per action with all scales, areas µm² of one instance. The leakage of all is in the notes, as no
    clock says what a cycle is.
    """
    energies: list[EnergyEntry] = []
    areas: list[AreaEntry] = []
    notes: list[str] = []
    for model, component, instances in lowered:
        given = {action.name: action for action in getattr(model.component, "actions", ())}
        for action in component.actions:
            terms = _energy_terms(model, given.get(action.name) or default_action(model.component, action.name))
            energies.append(_energy_entry(component.name, action.name, action.energy * PICO, terms))
        area = component.area / instances * PICO
        terms = (
            () if model.component.area is not None or not _is_modelled(model) else model.terms(None, None, model.path)
        )
        areas.append(AreaEntry(component.name, area, terms, _factor(area, terms)))
        if component.leak_power:
            notes.append(f"{component.name} leaks {component.leak_power:.6g} W in all")
    counts = {component.name: instances for _, component, instances in lowered}
    classes = {component.name: model.component.component_class or "" for model, component, _ in lowered}
    return EnergyTables(tuple(energies), tuple(areas), counts, classes, tuple(notes))


def _energy_entry(component: str, action: str, energy: float, terms: tuple[Term, ...]) -> EnergyEntry:
    """An entry whose scale is what the file multiplies the model's energy by."""
    return EnergyEntry(component, action, energy, terms, _factor(energy, terms))


def _factor(total: float, terms: tuple[Term, ...]) -> float:
    """What the terms are multiplied by."""
    of_terms = sum(term.total for term in terms)
    return total / of_terms if of_terms else 1.0


def _is_modelled(model: ComponentModel) -> bool:
    """Whether a component model stands for what the file does not give."""
    return bool(model.component.component_class) and not is_dummy(model.component)


def _energy_terms(model: ComponentModel, action: ComputeAction) -> tuple[Term, ...]:
    """What the energy of an action is made of; nothing where the file gives it."""
    if action.energy is not None or not _is_modelled(model):
        return ()
    place = f"{model.path}.actions"
    return model.terms(action, bits_moved(model.component, action, model.fields, place), place)
