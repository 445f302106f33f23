"""The machine of a layer as a function of values in its specification: traced once, its constants made arguments.

XLA multiplies by the reciprocal where a divisor is a constant, which is not the division of the specification; and
machines that differ in nothing but constants should share a compilation. So every constant of the traced function is
an argument of the compiled one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core

from accelax.encode.knobs import at_machine
from accelax.encode.level_problem import LevelProblem, encode_levels
from accelax.errors import SpecError, UnsupportedError
from accelax.ir import LoweredLevels
from accelax.model.levels.arrays import LevelHardware
from accelax.spec.specification import Specification
from accelax.spec.timeloop.specification import TimeloopSpecification

AGREE = 1e-12
"""Traced and plain numbers of a machine may differ by so much, relatively."""
ROUNDING = ("floor", "ceil", "round")
"""Operations whose slope is zero wherever they have one."""


@dataclass(frozen=True)
class MachineFunction:
    """Hardware and seconds of a cycle as a function of the values of ``paths``, with its constants apart.

    Equal where nothing but the constants differs: ``key`` is the function in words.
    """

    key: str
    paths: tuple[str, ...] = field(compare=False)
    jaxpr: Any = field(compare=False, repr=False)
    form: Any = field(compare=False, repr=False)

    @cached_property
    def constants(self) -> np.ndarray:
        """``[m]`` float64: the constants, in the order in which the function uses them."""
        values = [float(literal.val) for literal in _float_literals(self.jaxpr.jaxpr)]
        return np.array([*values, *(float(c) for c in self.jaxpr.consts if not np.shape(c))], dtype=float)

    def __call__(self, values: Sequence[Any], constants: Any, relaxed: bool = False) -> tuple[LevelHardware, Any]:
        """The machine at ``values``, with ``constants`` ``[m]`` in place of the function's own.

        ``relaxed`` leaves numbers of words and parts as they come, where the machine takes whole ones.
        """
        jaxpr = self.jaxpr.jaxpr
        place = iter(range(len(constants)))
        known: dict[Any, Any] = dict(zip(jaxpr.invars, values, strict=True))

        def read(variable: Any) -> Any:
            if not isinstance(variable, core.Literal):
                return known[variable]
            return constants[next(place)] if _is_float(variable) else variable.val

        numbers = [not np.shape(const) for const in self.jaxpr.consts]
        later = iter(range(len(constants) - sum(numbers), len(constants)))
        for name, const, number in zip(jaxpr.constvars, self.jaxpr.consts, numbers, strict=True):
            known[name] = constants[next(later)] if number else const
        for equation in jaxpr.eqns:
            inputs = [read(variable) for variable in equation.invars]
            if relaxed and equation.primitive.name in ROUNDING:
                known[equation.outvars[0]] = inputs[0]
                continue
            bound = equation.primitive.get_bind_params(equation.params)
            functions, parameters = bound if isinstance(bound, tuple) else ((), bound)  # a pair before jax 0.10
            found = equation.primitive.bind(*functions, *inputs, **parameters)
            results = found if equation.primitive.multiple_results else [found]
            known.update(zip(equation.outvars, results, strict=True))
        return jax.tree.unflatten(self.form, [read(variable) for variable in jaxpr.outvars])


def _is_float(literal: Any) -> bool:
    return literal.aval.shape == () and jnp.issubdtype(literal.aval.dtype, jnp.floating)


def _float_literals(jaxpr: Any) -> list[Any]:
    """The constants of a function in the order of their use."""
    used = [variable for equation in jaxpr.eqns for variable in equation.invars] + list(jaxpr.outvars)
    return [one for one in used if isinstance(one, core.Literal) and _is_float(one)]


def _key(closed: Any) -> str:
    """A function in words, without its constants, but with its tables."""
    jaxpr = closed.jaxpr
    tables = [np.asarray(const).tolist() for const in closed.consts if np.shape(const)]
    names: dict[Any, str] = {}

    def name(variable: Any) -> str:
        if isinstance(variable, core.Literal):
            return "constant" if _is_float(variable) else repr(variable.val)
        return names.setdefault(variable, f"v{len(names)}")

    for variable in (*jaxpr.invars, *jaxpr.constvars):
        name(variable)
    lines = [
        f"{[name(v) for v in one.outvars]}={one.primitive}{sorted(map(str, one.params.items()))}"
        f"{[name(v) for v in one.invars]}"
        for one in jaxpr.eqns
    ]
    return ";".join([*lines, str([name(variable) for variable in jaxpr.outvars]), str(tables)])


def machine_function(spec: Specification, problem: LevelProblem, paths: tuple[str, ...]) -> MachineFunction:
    """Trace the machine of ``spec`` over the values of ``paths``.

    Raises:
        SpecError: a path is wrong, or decides more than numbers.
        UnsupportedError: a value decides the structure, the workload or the mapping.
    """
    assert isinstance(spec, TimeloopSpecification)

    def at(*values: Any) -> tuple[LevelHardware, Any]:
        try:
            lowered = spec.with_values(dict(zip(paths, values, strict=True))).lowered()
            same = _beside_machine(lowered) == _beside_machine(problem.lowered)
        except (TypeError, jax.errors.JAXTypeError) as error:
            raise SpecError(f"a value among {', '.join(paths)} decides more than numbers") from error
        if not same:
            raise UnsupportedError(f"a change of more than the machine by {', '.join(paths)}")
        there = at_machine(problem, lowered, paths)
        return there.hardware, there.cycle_seconds

    with jax.enable_x64(True):
        jaxpr, shape = jax.make_jaxpr(at, return_shape=True)(*(jnp.asarray(1.0) for _ in paths))
    return MachineFunction(_key(jaxpr), paths, jaxpr, jax.tree.structure(shape))


def _beside_machine(lowered: LoweredLevels) -> tuple[Any, ...]:
    """All of a lowered specification that its machine is not."""
    return lowered.einsum, lowered.constraints, lowered.reuse, lowered.rules, lowered.mapping


def is_traceable(spec: Specification, path: str, values: Sequence[Any]) -> bool:
    """Whether a path is a number that only the machine depends on, with ``values`` as its values.

    The machine is traced, and compared with the one that the specification gives for the least and the largest value
    and for one between that is not whole.

    Raises:
        SpecError: a value does not fit.
    """
    if not isinstance(spec, TimeloopSpecification) or path.startswith("rules."):
        return False
    if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in values):
        return False
    probes = {min(values), max(values), *[value for value in values if float(value) != int(value)][:1]}
    twins = {value: spec.with_values({path: value}) for value in probes}
    try:
        plain = {value: twin.lowered() for value, twin in twins.items()}
        problem = encode_levels(spec.lowered())
        traced = machine_function(spec, problem, (path,))
        with jax.enable_x64(True):
            for value, lowered in plain.items():
                there = at_machine(problem, lowered, (path,))
                found = traced([np.float64(value)], traced.constants)
                if not _agree(found, (there.hardware, there.cycle_seconds)):
                    return False
    except (SpecError, UnsupportedError):
        return False
    return True


def _agree(one: Any, other: Any) -> bool:
    """Whether two machines have the same numbers."""
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(np.allclose(float(a), float(b), rtol=AGREE, atol=0.0, equal_nan=True) for a, b in pairs)
