"""How often tiles are delivered in one class, as exponents: the monomials below the counts of the exact model."""

from __future__ import annotations

import numpy as np

from accelax.encode.level_problem import LevelProblem
from accelax.model.levels.nest import may_link
from accelax.search.relaxed.classes import MappingClass
from accelax.search.relaxed.layout import Layout, Window

Words = tuple[np.ndarray, np.ndarray]
"""A linear form ``[N]`` and a selector of windows ``[K]``."""


class Deliveries:
    """The words that cross the networks in one class. Level ``L`` is the compute unit.

    ``sweep_forms`` and ``sweep_table`` fill up as :meth:`delivered` is asked.
    """

    def __init__(self, problem: LevelProblem, layout: Layout, klass: MappingClass):
        self.problem, self.layout, self.klass = problem, layout, klass
        self.structure = problem.structure
        self.sweep_forms = np.zeros((len(layout.sweeps), 3, layout.n_slots))
        self.sweep_table = np.full(len(layout.sweeps), layout.empty_table)
        self._memory: dict[tuple[int, int], Words] = {}

    def served(self, level: int, tensor: int) -> Words:
        """Words that cross the network below one instance of ``level``, multicasts counted once.

        What one instance of the next level that keeps the tensor receives, times the different tiles that the children
        of every fan-out between need.
        """
        structure = self.structure
        child = next(
            (
                c
                for c in range(level + 1, structure.n_levels)
                if self.klass.keep[c][tensor] and not structure.no_coalesce[c][tensor]
            ),
            structure.n_levels,
        )
        form, windows = (part.copy() for part in self.delivered(child, tensor))
        for fanout in (f for f in range(level, child) if structure.is_fanout[f]):
            lanes, apart = self._distinct(fanout, tensor)
            form, windows = form + lanes, windows + apart
        return form, windows

    def delivered(self, child: int, tensor: int) -> Words:
        """Words that one instance of ``child`` receives; where neighbours may help, what no neighbour can bring."""
        if (child, tensor) not in self._memory:
            self._memory[child, tensor] = self._delivered(child, tensor)
        return self._memory[child, tensor]

    def _delivered(self, child: int, tensor: int) -> Words:
        structure, layout = self.structure, self.layout
        linked = may_link(structure, child - 1, tensor)
        point = child == structure.n_levels
        if not linked and (point or structure.no_temporal_reuse[child][tensor]):
            form, windows = layout.tile(child, tensor)
            return form + layout.form(self._temporal(child)), windows
        counted, first = self._counted(child, tensor)
        moving = None if first is None else self.klass.loops[first].moving[tensor]  # type: ignore[union-attr]
        window = self._overlapping(tensor, moving)
        if window is None or first is None or moving is None:
            form, windows = layout.tile(child, tensor)
            return form + layout.form(counted), windows
        if structure.rules.halo == "exact":
            return self._union(child, tensor, window)
        return self._swept(child, tensor, window, counted, (first, moving))

    def _temporal(self, child: int) -> np.ndarray:
        """``[L, R]``: 1 for all loops in time above a child."""
        mask = np.zeros((self.structure.n_levels, len(self.structure.ranks)))
        for level in range(child):
            mask[level] = float(not self.structure.is_fanout[level])
        return mask

    def _counted(self, child: int, tensor: int) -> tuple[np.ndarray, int | None]:
        """``[L, R]``: the loops that multiply the deliveries to a child; and the level of the first that moves."""
        mask = self._temporal(child)
        for level in reversed(range(child)):
            loops = self.klass.loops[level]
            if loops is None:
                continue
            run = loops.runs[tensor]
            if run is not None:
                mask[level, sorted(run)] = 0.0
                return mask, level
            mask[level] = 0.0
        return mask, None

    def _overlapping(self, tensor: int, moving: int | None) -> Window | None:
        """The window along which the innermost moving loop slides, if its steps may bring less than whole tiles.

        Timeloop's steps overlap nowhere if a step of one is longer than the window of the other ranks leaves room for:
        ``s - 1 >= d (R - 1)``.
        """
        structure = self.structure
        if moving is None or structure.rules.halo == "none":
            return None
        for window in (w for w in self.layout.windows if w.tensor == tensor and w.ranks[1] is not None):
            terms = structure.projections[tensor][window.axis]
            if moving in terms:
                sizes = map(abs, self.problem.workload.coefficients[tensor][window.axis])
                size = dict(zip(terms, sizes, strict=True))
                reach = sum(c * (self.layout.bounds[r] - 1) for r, c in size.items() if r != moving)
                apart = reach == 0 if structure.rules.halo == "exact" else reach <= size[moving] - 1.0
                return None if apart else window
        return None

    def _swept(self, child: int, tensor: int, window: Window, counted: np.ndarray, start: tuple[int, int]) -> Words:
        """Timeloop's rules: every loop that is not along the window brings whole sweeps of the innermost moving loop.

        Steps of further loops along the window may bring nothing (where they move the tile back), so they count only
        through the steps of the innermost one that they repeat: the third form of the window.
        """
        layout, (level, rank) = self.layout, start
        terms = list(self.structure.projections[tensor][window.axis])
        others = counted.copy()
        others[:, terms] = 0.0
        below, again = np.zeros((2, *counted.shape)), np.zeros_like(counted)
        role = window.ranks.index(rank) if rank in window.ranks else 0
        for row, term in enumerate((window.ranks[role], window.ranks[1 - role])):
            below[row, child:, term] = 1.0
        if rank in window.ranks:
            below[0, level, rank] = 1.0
            again[: level + 1, terms] = self._temporal(child)[: level + 1, terms]
            again[level, rank] = 0.0
        place = layout.sweeps[child, tensor]
        self.sweep_forms[place] = np.stack([layout.form(mask) for mask in (below[0], below[1], again)])
        self.sweep_table[place] = layout.sweep_tables[window, role]
        form, windows = layout.tile(child, tensor, without=window.axis)
        return form + layout.form(others), windows + layout.sweep(child, tensor)

    def _union(self, child: int, tensor: int, window: Window) -> Words:
        """True movement: at least the different words that pass, which a grid of the visits' boxes covers."""
        structure, layout = self.structure, self.layout
        sliding = {r for terms in structure.projections[tensor] if len(terms) > 1 for r in terms}
        fixed = self._temporal(child)
        fixed[:, [r for r in range(len(structure.ranks)) if r in sliding or r not in structure.relevant(tensor)]] = 0.0
        place = layout.sweeps[child, tensor]
        along = np.zeros((2, *fixed.shape))
        for row, term in enumerate(window.ranks):
            along[row, :, term] = self._temporal(child)[:, term]
            along[row, child:, term] = 1.0
        self.sweep_forms[place, :2] = np.stack([layout.form(mask) for mask in (along[0], along[1])])
        self.sweep_table[place] = layout.sweep_tables[window, 0]
        form, windows = layout.tile(child, tensor, without=window.axis)
        return form + layout.form(fixed), windows + layout.sweep(child, tensor)

    def _distinct(self, fanout: int, tensor: int) -> Words:
        """Different tiles among the children of one fan-out: at least this many are asked of the parent.

        Where neighbours may bring sliding tiles, only those are sure that differ along ranks that do not slide: of the
        children that differ along a slide, the last in the direction of the move has nobody to ask.
        """
        structure, layout = self.structure, self.layout
        mask = np.zeros((structure.n_levels, len(structure.ranks)))
        windows = np.zeros(layout.n_windows)
        linked = may_link(structure, fanout, tensor) and structure.is_sliding(tensor)
        alone = structure.no_multicast[fanout][tensor] or not structure.rules.multicast
        if alone and not linked:
            mask[fanout] = 1.0
            return layout.form(mask), windows
        slides = {w.axis: w for w in layout.windows if w.tensor == tensor and w.ranks[1] is not None}
        for axis, terms in enumerate(structure.projections[tensor]):
            if axis not in slides:
                mask[fanout, list(terms)] = 1.0
            elif not linked:
                windows += layout.window("lanes", fanout, slides[axis])
        return layout.form(mask), windows
