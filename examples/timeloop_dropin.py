"""Run a script written for TimeloopFE: only its import line is another.

python examples/timeloop_dropin.py [output directory]
"""

from __future__ import annotations

import sys
from pathlib import Path

import accelax.timeloop as tl  # was: import pytimeloop.timeloopfe.v4 as tl

FILES = [Path(__file__).parent / "timeloop_dropin" / name for name in ("arch.yaml", "problem.yaml", "mapper.yaml")]


def run(size: int, out: Path) -> tl.OutputStats:
    """The best mapping with a buffer of so many lines; ``out`` receives the files that Timeloop would write."""
    spec = tl.Specification.from_yaml_files(*FILES)
    spec.architecture.find("my_buffer").attributes.depth = size
    return tl.call_mapper(spec, output_dir=out / str(size))


def main(out: Path) -> None:
    """Compare sizes of the buffer."""
    for size in (512, 2048):
        stats = run(size, out)
        energy, area = stats.energy * 1e6, stats.area * 1e6
        print(f"{size} lines: {energy:.3f} uJ, {stats.cycles} cycles, {stats.edp:.3g} J*cycle, {area:.3f} mm^2")
    tl.call_accelergy_verbose(tl.Specification.from_yaml_files(*FILES), output_dir=out)
    print(f"wrote {out}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
