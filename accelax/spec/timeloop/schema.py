"""Tables of keys: which keys a section may have, of what kind, with what default. No key is checked anywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accelax.spec.timeloop.kinds import ANY, Kind, boolean, choice, integer, number, string, version


@dataclass(frozen=True)
class Field:
    """One key. ``kind`` is a :class:`Kind`, a :class:`Section` (a nested dictionary) or a :class:`ListOf`."""

    kind: Kind | Section | ListOf
    required: bool = False
    default: object = None


@dataclass(frozen=True)
class ListOf:
    """A list whose items are all of one kind; with ``depth`` > 1 items may be lists again."""

    item: Kind | Section
    or_text: bool = False
    """Whether the whole list may also be written as one string."""
    depth: int = 1


@dataclass(frozen=True)
class Section:
    """A dictionary of the specification.

    ``extra`` is the kind of keys that the table does not name (None: they are mistakes). ``expressions`` says that
    every unquoted string is an expression. ``unsupported`` names keys that are right and refused.
    """

    name: str
    fields: Mapping[str, Field]
    extra: Kind | Section | None = None
    expressions: bool = False
    unsupported: tuple[str, ...] = ()


VERSION = Field(version(), default="0.4")
NAMES = ListOf(string())

ATTRIBUTES = {
    "has_power_gating": Field(boolean(), default=False),
    "power_gated_at": Field(string()),
}
STORAGE_ATTRIBUTES = ATTRIBUTES | {
    "datawidth": Field(integer(1), required=True),
    "technology": Field(ANY),
    "n_banks": Field(integer(0), default=2),
    "block_size": Field(integer(1)),
    "cluster_size": Field(integer(1), default=1),
    "width": Field(integer(1)),
    "depth": Field(integer(1)),
    "entries": Field(integer(1)),
    "sizeKB": Field(integer(1)),
    "reduction_supported": Field(boolean(), default=True),
    "multiple_buffering": Field(number(above=0), default=1),
    "min_utilization": Field(number(minimum=0), default=0),
    "shared_bandwidth": Field(number(above=0, infinite=True)),
    "read_bandwidth": Field(number(above=0, infinite=True)),
    "write_bandwidth": Field(number(above=0, infinite=True)),
    "network_fill_latency": Field(integer(0)),
    "network_drain_latency": Field(integer(0)),
    "per_dataspace_bandwidth_consumption_scale": Field(
        Section("per_dataspace_bandwidth_consumption_scale", {}, extra=number(minimum=0), expressions=True), default={}
    ),
    "allow_overbooking": Field(boolean(), default=False),
    "metadata_block_size": Field(integer(0)),
    "metadata_datawidth": Field(integer(0)),
    "metadata_storage_width": Field(integer(0)),
    "metadata_storage_depth": Field(integer(0)),
    "concordant_compressed_tile_traversal": Field(boolean()),
    "tile_partition_supported": Field(boolean()),
    "decompression_supported": Field(boolean()),
    "compression_supported": Field(boolean()),
}

ITERATION = {
    "type": Field(string()),
    "target": Field(string()),
    "factors": Field(ListOf(ANY, or_text=True), default=[]),
    "permutation": Field(ListOf(ANY, or_text=True), default=[]),
    "default_max_factor": Field(integer(1)),
    "default_min_factor": Field(integer(1)),
    "remainders": Field(integer(0)),
    "no_reuse": Field(NAMES, default=[]),
    "factors_only": Field(ListOf(ANY, or_text=True)),
    "no_iteration_over_dataspaces": Field(NAMES),
    "must_iterate_over_dataspaces": Field(NAMES),
    "maximize_dims": Field(ListOf(ANY, depth=2)),
    "maximize_dims_capacity": Field(integer(1)),
    "maximize_dims_evenly": Field(boolean()),
}
TEMPORAL = Section("temporal constraint", ITERATION | {"rmw_first_update": Field(NAMES, default=[])})
SPATIAL = Section(
    "spatial constraint",
    ITERATION | {"no_link_transfer": Field(NAMES, default=[]), "split": Field(integer(0))},
)
DATASPACE = Section(
    "dataspace constraint",
    {"type": Field(string()), "target": Field(string())}
    | {key: Field(NAMES, default=[]) for key in ("keep", "bypass", "no_coalesce")}
    | {key: Field(NAMES) for key in ("keep_only", "bypass_only")},
)
OVERBOOKED = Section(
    "max_overbooked_proportion constraint",
    {"type": Field(string()), "target": Field(string()), "proportion": Field(number(minimum=0))},
)
UTILIZATION = Section(
    "utilization constraint",
    {"type": Field(string()), "target": Field(string()), "min": Field(number(minimum=0))},
)
CONSTRAINT_TYPES = {
    "spatial": SPATIAL,
    "temporal": TEMPORAL,
    "dataspace": DATASPACE,
    "max_overbooked_proportion": OVERBOOKED,
    "utilization": UTILIZATION,
}
CONSTRAINT_GROUP = Section(
    "constraints", {name: Field(section, default={}) for name, section in CONSTRAINT_TYPES.items()}
)

ACTION = Section(
    "action optimization",
    {
        "type": Field(choice("gating", "skipping", "spatial_skipping"), required=True),
        "options": Field(
            ListOf(
                Section(
                    "option",
                    {"target": Field(string(), required=True), "condition_on": Field(NAMES, required=True)},
                )
            ),
            required=True,
        ),
    },
)
RANK_FORMAT = Section(
    "rank",
    {
        "format": Field(choice("CP", "B", "RLE", "UOP"), required=True),
        "metadata_word_bits": Field(integer(0)),
        "payload_word_bits": Field(integer(0)),
        "flattened_rankIDs": Field(ListOf(ANY, depth=2), default=[]),
    },
)
FORMAT = Section(
    "representation_format",
    {
        "data_spaces": Field(
            ListOf(
                Section(
                    "data space",
                    {"name": Field(string(), required=True), "ranks": Field(ListOf(RANK_FORMAT), required=True)},
                )
            ),
            default=[],
        )
    },
)
SPARSE_FIELDS = {
    "target": Field(string()),
    "action_optimization": Field(ListOf(ACTION), default=[]),
    "representation_format": Field(FORMAT, default={}),
    "compute_optimization": Field(
        ListOf(Section("compute optimization", {"type": Field(choice("gating", "skipping"), required=True)})),
        default=[],
    ),
}
SPARSE_GROUP = Section("sparse_optimizations", SPARSE_FIELDS)

MESH = Section("spatial", {"meshX": Field(integer(1), default=1), "meshY": Field(integer(1), default=1)})
FREE_ATTRIBUTES = Section("attributes", ATTRIBUTES, extra=ANY, expressions=True)
LEAF = {
    "name": Field(string(), required=True),
    "attributes": Field(FREE_ATTRIBUTES, default={}),
    "spatial": Field(MESH, default={}),
    "constraints": Field(CONSTRAINT_GROUP, default={}),
    "sparse_optimizations": Field(SPARSE_GROUP, default={}),
}
COMPONENT = LEAF | {
    "class": Field(string(), required=True),
    "subclass": Field(string()),
    "required_actions": Field(NAMES, default=[]),
    "area_scale": Field(number(minimum=0)),
    "energy_scale": Field(number(minimum=0)),
    "enabled": Field(boolean(), default=True),
}
CONTAINER = Section("!Container", LEAF | {"networks": Field(ListOf(ANY), default=[])})
STORAGE = Section(
    "storage component",
    COMPONENT
    | {
        "attributes": Field(
            Section("storage attributes", STORAGE_ATTRIBUTES, extra=ANY, expressions=True),
            default={},
        )
    },
)
OTHER_COMPONENT = Section("component", COMPONENT)
NOTHING = Section("!Nothing", COMPONENT | {key: Field(string(), default="nothing") for key in ("name", "class")})
BRANCH_TAGS = ("Hierarchical", "Parallel", "Pipelined")
NODE_TAGS = ("Component", "Container", *BRANCH_TAGS, "Nothing")

DENSITY = Section(
    "density",
    {
        "density": Field(number(minimum=0), required=True),
        "distribution": Field(choice("fixed_structured", "hypergeometric", "banded"), required=True),
        "band_width": Field(integer(0), default=0),
        "workload_tensor_size": Field(integer(0), default=0),
    },
)
SHAPE = Section(
    "shape",
    {
        "name": Field(ANY, default=""),
        "dimensions": Field(NAMES, required=True),
        "coefficients": Field(
            ListOf(
                Section(
                    "coefficient", {"name": Field(string(), required=True), "default": Field(integer(), required=True)}
                )
            ),
            default=[],
        ),
        "data_spaces": Field(
            ListOf(
                Section(
                    "data space",
                    {
                        "name": Field(string(), required=True),
                        "projection": Field(ListOf(ANY, depth=3), required=True),
                        "read_write": Field(boolean(), default=False),
                    },
                    unsupported=("ranks",),
                )
            ),
            required=True,
        ),
    },
    unsupported=("flatten",),
)
INSTANCE = Section(
    "instance", {"densities": Field(Section("densities", {}, extra=DENSITY), default={})}, extra=integer()
)
PROBLEM = Section(
    "problem",
    {"version": VERSION, "instance": Field(INSTANCE, required=True), "shape": Field(SHAPE, required=True)},
)

MAPPER = Section(
    "mapper",
    {
        "version": VERSION,
        "out_prefix": Field(ANY, default="timeloop-mapper"),
        "num_threads": Field(integer(1), default=8),
        "optimization_metric": Field(ListOf(string(), or_text=True), default=[]),
        "optimization_metrics": Field(ListOf(string(), or_text=True), default=[]),
        "search_size": Field(integer(0)),
        "timeout": Field(integer(0), default=1000),
        "victory_condition": Field(integer(0)),
        "sync_interval": Field(integer(0)),
        "algorithm": Field(
            choice(
                "random", "exhaustive", "linear_pruned", "linear-pruned", "hybrid", "random_pruned", "random-pruned"
            ),
            default="hybrid",
        ),
        "max_temporal_loops_in_a_mapping": Field(integer(), default=-1),
        "max_permutations_per_if_visit": Field(integer(1), default=16),
    },
    extra=ANY,
)
ENERGY_TABLES = Section(
    "ERT",
    {
        "version": VERSION,
        "tables": Field(
            ListOf(
                Section(
                    "table",
                    {
                        "name": Field(string(), required=True),
                        "actions": Field(
                            ListOf(
                                Section(
                                    "action",
                                    {
                                        "name": Field(string(), required=True),
                                        "energy": Field(number(minimum=0), required=True),
                                        "arguments": Field(ANY),
                                    },
                                    extra=ANY,
                                )
                            ),
                            default=[],
                        ),
                    },
                    extra=ANY,
                )
            ),
            default=[],
        ),
    },
    extra=ANY,
)
AREA_TABLES = Section(
    "ART",
    {
        "version": VERSION,
        "tables": Field(
            ListOf(
                Section(
                    "table",
                    {"name": Field(string(), required=True), "area": Field(number(minimum=0), required=True)},
                    extra=ANY,
                )
            ),
            default=[],
        ),
    },
    extra=ANY,
)
GLOBALS = Section(
    "globals",
    {
        "version": VERSION,
        "environment_variables": Field(Section("environment_variables", {}, extra=ANY), default={}),
        "expression_custom_functions": Field(ListOf(ANY), default=[]),
        "accelergy_plug_ins": Field(ListOf(ANY), default=[]),
    },
)
COMPONENTS = Section("components", {"version": VERSION, "classes": Field(ListOf(ANY), default=[])}, extra=ANY)
MAPSPACE = Section("mapspace", {"version": VERSION, "template": Field(choice("uber", "ruby"), default="uber")})
VARIABLES = Section("variables", {"version": VERSION}, extra=ANY, expressions=True)
SPARSE = Section("sparse_optimizations", {"version": VERSION, "targets": Field(ListOf(SPARSE_GROUP), default=[])})
TOP_PARTIAL = ("components", "constraints", "mapping")
"""Any top-level key that contains one of these names means it; the first that fits wins."""
TOP_KEYS = (
    "architecture",
    "problem",
    "components",
    "constraints",
    "mapping",
    "mapper",
    "mapspace",
    "sparse_optimizations",
    "variables",
    "globals",
    "ERT",
    "ART",
    "processors",
)
