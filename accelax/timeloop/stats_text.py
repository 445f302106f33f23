"""The statistics of a run as Timeloop prints them: ``stats.txt``, the levels from the innermost outwards.

Layout and names are those of Timeloop's own file (head of March 2025, dense model). Numbers are those of the result,
rounded where Timeloop rounds. The one that differs is the area of the summary: Timeloop prints 0 there.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

from accelax.model.levels.arrays import LevelHardware
from accelax.model.levels.energy import leaking_instances
from accelax.model.levels.traffic import partitions
from accelax.report.level_result import LevelResult
from accelax.timeloop.levels import LevelLoops, level_loops, loop_text, shown_name


def stats_text(
    result: LevelResult, hardware: LevelHardware, technologies: Mapping[str, str], compute_bits: int | None = None
) -> str:
    """The whole file.

    Args:
        result: a valid mapping, evaluated.
        hardware: the numbers of the machine, for what the result does not keep.
        technologies: ``DRAM`` or ``SRAM`` by storage level.
        compute_bits: the word of the compute unit; by default that of the innermost level.
    """
    writer = _Writer(result, hardware, technologies)
    lines = [
        "Buffer and Arithmetic Levels",
        "----------------------------",
        *_title(0),
        *writer.compute_unit(compute_bits),
    ]
    for number, entry in enumerate(writer.levels, 1):
        if not entry.level.is_fanout:
            lines += [*_title(number), *writer.storage(entry)]
    lines += ["Networks", "--------", *writer.networks(), "", *writer.intensity(), "", "", *writer.summary()]
    return "\n".join(lines) + "\n"


def _title(number: int) -> list[str]:
    return [f"Level {number}", "-------"]


def _heading(text: str, indent: str = "    ") -> list[str]:
    return [f"{indent}{text}", f"{indent}{'-' * len(text)}"]


def _count(value: Any) -> str:
    """A count without, an average with decimals."""
    number = float(value)
    return f"{number:.0f}" if number == int(number) else f"{number:.2f}"


def _limit(value: float, text: str) -> str:
    """``-`` for what is not limited."""
    return "-" if math.isinf(value) else text


class _Writer:
    """Writes the sections of one result."""

    def __init__(self, result: LevelResult, hardware: LevelHardware, technologies: Mapping[str, str]):
        self.result, self.hardware, self.technologies = result, hardware, technologies
        self.cost, self.machine = result.cost, result.lowered.machine
        self.levels = level_loops(result)
        self.tensors = result.lowered.einsum.tensor_names
        self.figures = result.to_dict()

    def compute_unit(self, bits: int | None) -> list[str]:
        """The section of the compute unit."""
        innermost = next(entry.level for entry in self.levels if not entry.level.is_fanout)
        unit, compute = self.figures["compute_unit"], self.machine.compute
        instances = compute.mesh_x * compute.mesh_y
        return [
            f"=== {compute.name} ===", "",
            *_heading("SPECS"),
            f"    Word bits             : {bits or innermost.word_bits}",
            f"    Instances             : {instances} ({compute.mesh_x}*{compute.mesh_y})",
            f"    Compute energy        : {compute.energy or 0:.2f} pJ", "",
            *_heading("STATS"),
            f"    Utilized instances      : {_count(unit['utilized_instances'])}",
            f"    Computes (total)        : {_count(self.figures['computes'])}",
            f"    Cycles                  : {_count(unit['cycles'])}",
            f"    Energy (total)          : {unit['energy_pJ']:.2f} pJ",
            f"    Area (total)            : {unit['area_um2_total']:.2f} um^2", "",
        ]  # fmt: skip

    def storage(self, entry: LevelLoops) -> list[str]:
        """The section of one storage level."""
        loops = [loop for loop in entry.loops if loop[1] != "1"]
        lines = [f"=== {entry.name} ===", "", *_heading("SPECS"), *self._specs(entry), "", *_heading("MAPPING")]
        lines += ["    Loop nest:", *(f"      {'  ' * depth}{loop_text(*loop)}" for depth, loop in enumerate(loops))]
        lines += ["", *_heading("STATS")]
        lines.append(f"    Cycles               : {_count(self.cost.level_cycles[entry.index])}")
        lines.append(f"    Bandwidth throttling : {float(self.cost.slowdown[entry.index]):.2f}")
        for tensor in entry.kept:
            lines += [f"    {tensor}:", *self._tensor(entry, self.tensors.index(tensor))]
        return [*lines, ""]

    def _specs(self, entry: LevelLoops) -> list[str]:
        """What the machine says of a level."""
        level, index = entry.level, entry.index
        energies = [energy or 0.0 for energy in (level.read_energy, level.fill_energy, level.update_energy)]
        leaking = float(leaking_instances(self.result.structure, self.hardware, self.cost.nest, index))
        instances, used = level.mesh_x * level.mesh_y, float(self.cost.nest.instances[index])
        gate = self.result.structure.power_gate[index]
        sharing = instances / (self.machine.levels[gate].mesh_x * self.machine.levels[gate].mesh_y)
        effective = level.size_words if math.isinf(level.size_words) else level.size_words // level.multiple_buffering
        fields = {
            "Technology": self.technologies.get(level.name, "SRAM"),
            "Size": _limit(level.size_words, f"{level.size_words:.0f}"),
            "Word bits": f"{level.word_bits}",
            "Block size": _count(level.block_size),
            "Cluster size": f"{level.cluster_size}",
            "Instances": f"{instances} ({level.mesh_x}*{level.mesh_y})",
            "Shared bandwidth": _limit(level.shared_bandwidth, f"{level.shared_bandwidth:.2f}"),
            "Read bandwidth": _limit(level.read_bandwidth, f"{level.read_bandwidth:.2f}"),
            "Write bandwidth": _limit(level.write_bandwidth, f"{level.write_bandwidth:.2f}"),
            "Multiple buffering": f"{level.multiple_buffering:.2f}",
            "Effective size": _limit(effective, f"{effective:.0f}"),
            "Min utilization": f"{level.min_utilization:.2f}",
            "Vector access energy": f"{max(energies) / level.cluster_size:.2f} pJ",
            "Vector access energy source": "ERT",
            "Per-instance-cycle leakage": f"{level.leak_energy:.2f} pJ",
            "Instances sharing power gating": f"{sharing:.2f}",
            "Non-power-gated utilization": f"{100 * used / leaking:.2f}%",
            "Leakage energy (total)": f"{float(self.cost.leakage[index]):.2f} pJ",
            "Area": f"{self.figures['levels'][level.name]['area_um2_per_instance']:.2f} um^2",
        }
        return [f"        {label:<32}: {text}" for label, text in fields.items()]

    def _tensor(self, entry: LevelLoops, t: int) -> list[str]:
        """The statistics of one tensor at one level."""
        index, level, traffic = entry.index, entry.level, self.cost.traffic
        used = float(self.cost.nest.instances[index])
        clusters = min(used, level.mesh_x * level.mesh_y / level.cluster_size)
        reads, fills, updates = (float(row[index][t]) for row in (traffic.reads, traffic.fills, traffic.updates))
        energy, accesses = float(self.cost.tensor_energy[index][t]), reads + fills + updates
        addresses = (updates if self.result.structure.outputs[t] else reads) + fills
        fields = {
            "Partition size": _count(partitions(self.result.structure, self.cost.nest, t)[index]),
            "Utilized capacity": _count(traffic.tiles[index][t]),
            "Utilized instances (max)": _count(used),
            "Utilized clusters (max)": _count(clusters),
            "Scalar reads (per-instance)": _count(reads),
            "Scalar fills (per-instance)": _count(fills),
            "Scalar updates (per-instance)": _count(updates),
            "Temporal reductions (per-instance)": _count(traffic.temporal_reductions[index][t]),
            "Address generations (per-cluster)": _count(addresses * used / clusters),
            "Energy (per-scalar-access)": f"{energy / used / accesses if accesses else 0:.2f} pJ",
            "Energy (per-instance)": f"{energy / used:.2f} pJ",
            "Energy (total)": f"{energy:.2f} pJ",
            "Temporal Reduction Energy (per-instance)": "0.00 pJ",
            "Temporal Reduction Energy (total)": "0.00 pJ",
            "Address Generation Energy (per-cluster)": "0.00 pJ",
            "Address Generation Energy (total)": "0.00 pJ",
            **self._bandwidths(entry, t, (reads, fills + updates)),
        }
        return [f"        {label:<41}: {text}" for label, text in fields.items()]

    def _bandwidths(self, entry: LevelLoops, t: int, words: tuple[float, float]) -> dict[str, str]:
        """Words per cycle that a tensor takes of a level's bandwidth."""
        scale = float(dict(entry.level.bandwidth_scale).get(self.tensors[t], 1.0))
        rate = scale * float(self.cost.slowdown[entry.index]) / float(self.cost.nest.compute_cycles)
        read, write = words[0] * rate, words[1] * rate
        fields = {"Bandwidth Consumption Scale": f"{scale:.2f}"}
        for name, value in (("Shared", read + write), ("Read", read), ("Write", write)):
            total = value * float(self.cost.nest.instances[entry.index])
            fields[f"{name} Bandwidth (per-instance)"] = f"{value:.2f} words/cycle"
            fields[f"{name} Bandwidth (total)"] = f"{total:.2f} words/cycle"
        return fields

    def networks(self) -> list[str]:
        """The networks that have energy or link transfers; Timeloop leaves out the others too."""
        lines: list[str] = []
        names = self._network_names()
        for number, name in enumerate(sorted(names)):
            if name not in self.figures["networks"]:
                continue
            index = names.index(name)
            level = self.machine.levels[index]
            lines += [f"Network {number}", "---------", name, "", *_heading("SPECS")]
            lines += ["        Type            : Legacy", f"        Legacy sub-type : {level.network.network_type}"]
            lines.append(f"        Word bits       : {level.network.word_bits:g}")
            lines.append(f"        Router energy   : {level.network.router_energy:.2f} pJ")
            lines.append(f"        Wire energy     : {level.network.wire_energy:.2f} pJ/b/mm")
            lines += ["", *_heading("STATS")]
            for t, tensor in enumerate(self.tensors):
                lines += [f"    {tensor}:", *self._network_tensor(index, t)]
            lines.append("")
        return lines

    def _network_tensor(self, index: int, t: int) -> list[str]:
        """The statistics of one tensor on one network."""
        counts, used = self.cost.traffic.networks[index][t], float(self.cost.nest.instances[index])
        accesses, copies = float(counts.accesses), float(counts.deliveries)
        energy, links = float(self.cost.network_energy[index][t]), float(self.cost.link_energy[index][t])
        fields = {
            "Fanout": _count(self.cost.nest.fanout[index]),
            "Multicast factor": _count(copies / accesses if accesses else 0),
            "Ingresses": _count(accesses),
            "Link transfers": _count(counts.link_transfers),
            "Spatial reductions": _count(copies - accesses if self.result.structure.outputs[t] else 0),
            **self._hops(index, float(counts.hops) / accesses if accesses else 0.0),
            "Energy (per-instance)": f"{energy / used:.2f} pJ",
            "Energy (total)": f"{energy:.2f} pJ",
            "Link transfer energy (per-instance)": f"{links / used:.2f} pJ",
            "Link transfer energy (total)": f"{links:.2f} pJ",
            "Spatial Reduction Energy (per-instance)": "0.00 pJ",
            "Spatial Reduction Energy (total)": "0.00 pJ",
        }
        return [f"        {label:<40}: {text}" for label, text in fields.items()]

    def _hops(self, index: int, average: float) -> dict[str, str]:
        """The hops, which are counted only where they cost energy."""
        if not self.result.structure.network_energy[index]:
            return {}
        per_hop = 1000 * float(self.hardware.hop_energy[index])
        return {"Average number of hops": f"{average:.2f}", "Energy (per-hop)": f"{per_hop:.2f} fJ"}

    def _operations(self) -> tuple[float, float]:
        """Computations, and additions of partial sums: all but the first of each output."""
        computes = float(self.figures["computes"])
        if not self.result.structure.rules.first_read_elision:
            return computes, computes
        outputs = [t for t in range(len(self.tensors)) if self.result.structure.outputs[t]]
        return computes, computes - sum(self._outer_tile(t) for t in outputs)

    def _outer_tile(self, t: int) -> float:
        """Words of a tensor in the outermost level that keeps it."""
        entry = next(entry for entry in self.levels[::-1] if self.tensors[t] in entry.kept)
        return float(self.cost.traffic.tiles[entry.index][t])

    def intensity(self) -> list[str]:
        """The section of operations per byte."""
        elementwise, reductions = self._operations()
        operations = elementwise + reductions
        required = sum(self._outer_tile(t) for t in range(len(self.tensors)))
        top = self.levels[-1].level.word_bits / 8
        lines = ["Operational Intensity Stats", "---------------------------"]
        lines.append(f"    {'Total elementwise ops':<40}: {_count(elementwise)}")
        lines.append(f"    {'Total reduction ops':<40}: {_count(reductions)}")
        lines.append(f"    {'Total ops':<40}: {_count(operations)}")
        lines.append(f"    {'Total memory accesses required':<40}: {_count(required)}")
        lines += [f"    {'Optimal Op per Byte':<40}: {operations / (required * top):.2f}", ""]
        for entry in self.levels:
            lines.append(f"=== {entry.name} ===")
            traffic, used = self.cost.traffic, float(self.cost.nest.instances[entry.index])
            rows = (traffic.reads, traffic.fills, traffic.updates)
            accesses = used * sum(float(row[entry.index][self.tensors.index(t)]) for row in rows for t in entry.kept)
            if accesses:
                lines.append(f"    {'Total scalar accesses':<40}: {_count(accesses)}")
                bytes_moved = accesses * entry.level.word_bits / 8
                lines.append(f"    {'Op per Byte':<40}: {operations / bytes_moved:.2f}")
        return lines

    def summary(self) -> list[str]:
        """The totals, and the energy of every part in fJ per computation."""
        figures, computes = self.figures, self.figures["computes"]
        energies = part_energies(self.result)
        width = 1 + max(map(len, [*energies, *self._network_names()]))
        cycles = float(figures["cycles"])
        return [
            "Summary Stats", "-------------",
            f"GFLOPs (@1GHz): {sum(self._operations()) / cycles:.2f}",
            f"Utilization: {100 * figures['utilization']:.2f}%",
            f"Cycles: {_count(cycles)}",
            f"Energy: {figures['energy_pJ'] / 1e6:.2f} uJ",
            f"EDP(J*cycle): {figures['edp']:.2e}",
            f"Area: {figures['area_um2'] / 1e6:.2f} mm^2", "",
            f"Computes = {_count(computes)}", "fJ/Compute",
            *(f"    {name:<{width}}= {1000 * energy / computes:.2f}" for name, energy in energies.items()),
            f"    {'Total':<{width}}= {1000 * figures['energy_pJ'] / computes:.2f}", "",
        ]  # fmt: skip

    def _network_names(self) -> list[str]:
        """The names of all networks."""
        names = [*map(shown_name, self.machine.levels), self.machine.compute.name]
        return [f"{outer} <==> {inner}" for outer, inner in itertools.pairwise(names)]


def part_energies(result: LevelResult) -> dict[str, float]:
    """The energy in pJ of the compute unit, every storage level (with its leakage) and every network that has some.

    They add up to the energy of the run.
    """
    figures = result.to_dict()
    energies = {figures["compute_unit"]["name"]: float(figures["compute_unit"]["energy_pJ"])}
    for name, level in reversed(figures["levels"].items()):
        energies[name] = math.fsum([level["leakage_pJ"], *(t["energy_pJ"] for t in level["tensors"].values())])
    for name, network in figures["networks"].items():
        parts = [t[key] for t in network["tensors"].values() for key in ("energy_pJ", "link_transfer_energy_pJ")]
        if any(parts):
            energies[name] = math.fsum(parts)
    return energies
