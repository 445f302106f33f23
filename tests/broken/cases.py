"""The edits that break the files of this folder, and files that were never right.

``NUMBERS`` name a number in a file by the text around it, in angle brackets; every value of ``NOT_NUMBERS`` takes its
place (a negative one only where that is impossible: both parents take negative energies). ``EDITS`` are a text that
stands in the file and what replaces its first occurrence.
"""

from __future__ import annotations

NOT_NUMBERS = {
    "unknown name": "no_such_name",
    "list": "[1, 2]",
    "dictionary": "{a: 1}",
    "division by zero": "1 / 0",
    "tower of powers": "9 ** 9 ** 9",
    "attribute escape": "(1).__class__.__bases__",
    "import": "__import__('os').getcwd()",
    "unfinished": "3 +",
    "huge": "1e999",
    "not a number": ".nan",
    "long list": "sum(range(10 ** 12))",
    "negative": "-7",
}
MAY_BE_NEGATIVE = {"energy", "area", "leakage"}

NUMBERS = {
    "timeloop": {
        "buffer depth": "depth: <buffer_depth>",
        "line width": "width: <64>, depth",
        "word": "datawidth: <16>, width: 16",
        "bandwidth": "read_bandwidth: <16>",
        "fan-out": "meshX: <4>",
        "bound": "instance: {M: <32>",
        "energy": "energy: <6.0>",
        "area": "area: <100.0>",
    },
    "accelforge": {
        "size": "size: <buffer_bits * 8>",
        "energy": "energy: <120>",
        "throughput": "throughput: <512>",
        "leakage": "leak_power: <0.5>",
        "fan-out": "fanout: <4>",
        "rank size": "N0: <24>",
        "bits": "{All: <8>}",
        "tile": "rank_variable: m, tile_shape: <4>",
    },
    "components": {
        "technology": "technology: <45>",
        "width of a part": "width: <max(width, 32)>",
        "banks": "n_banks: <4>",
        "scale of an area": "area_scale: <1.5>",
        "scale of an energy": "energy_scale: <0.5>",
        "repetitions": "repeat: <2>",
    },
}

EDITS = {
    "timeloop": {
        "no name": ("    name: GLB\n", ""),
        "no class": ("    class: intmac\n", ""),
        "no datawidth": ("{datawidth: 16, width: 16, depth: 512}", "{width: 16, depth: 512}"),
        "no instance": ("  instance: {M: 32, N: 32, K: 32}\n", ""),
        "no bound of a rank": ("{M: 32, N: 32, K: 32}", "{M: 32, N: 32}"),
        "no data spaces": ("    dimensions: [M, N, K]\n", ""),
        "no projection": ("      projection: [[[K]], [[N]]]\n", ""),
        "no target": ("{target: GLB, type", "{type"),
        "no type": ("{target: GLB, type: temporal,", "{target: GLB,"),
        "no nodes": ("  nodes:\n", "  things:\n"),
        "old version": ("architecture:\n  version: 0.4\n", "architecture:\n  version: 0.3\n"),
        "misspelt section": ("\nproblem:\n", "\nproblm:\n"),
        "misspelt key of a node": ("attributes: {datawidth: 16}", "atributes: {datawidth: 16}"),
        "misspelt key of a directive": ("permutation: [N, M, K]", "permutaton: [N, M, K]"),
        "misspelt constraint type": ("{target: RF, type: temporal", "{target: RF, type: temporall"),
        "unknown target": ("{target: RF,", "{target: RFF,"),
        "unknown rank in factors": ("factors: [M=2, N=4, K=8]", "factors: [M=2, N=4, Q=8]"),
        "unknown rank in a permutation": ("[K, M, N], split", "[K, M, X], split"),
        "unknown rank in a projection": ("[[[K]], [[N]]]", "[[[K]], [[Q]]]"),
        "unknown coefficient": ("[[[M, stride]], [[K]]]", "[[[M, strid]], [[K]]]"),
        "unknown tensor": ("keep: [A, B, Z]", "keep: [A, B, Y]"),
        "unknown tag": ("- !Container\n    name: PE", "- !Contaner\n    name: PE"),
        "rank twice in a permutation": ("[K, M, N], split", "[K, K, N], split"),
        "rank twice in factors": ("factors: [M=2, N=4, K=8]", "factors: [M=2, M=4, K=8]"),
        "name twice": ("    name: RF\n", "    name: GLB\n"),
        "tensor twice": ("    - name: B\n", "    - name: A\n"),
        "rank twice": ("dimensions: [M, N, K]", "dimensions: [M, N, K, K]"),
        "factor without a value": ("factors: [M=2, N=4, K=8]", "factors: [M=2, N=4, K=]"),
        "factor that is a word": ("factors: [M=2, N=4, K=8]", "factors: [M=2, N=4, K=many]"),
        "negative factor": ("factors: [M=2, N=4, K=8]", "factors: [M=2, N=4, K=-8]"),
        "fraction of a factor": ("factors: [M=2, N=4, K=8]", "factors: [M=2, N=4, K=2.5]"),
        "residual beyond its factor": ("factors: [M=2, N=4, K=8]", "factors: [M=2, N=4, 'K=8,9']"),
        "factors that are a word": ("factors: [M=2, N=4, K=8]", "factors: all"),
        "permutation that is a number": ("permutation: [N, M, K]", "permutation: 3"),
        "split that is a word": ("split: 1", "split: half"),
        "negative split": ("split: 1", "split: -1"),
        "no fan-out at all": ("meshX: 4", "meshX: 0"),
        "half an instance": ("meshX: 4", "meshX: 2.5"),
        "bound of zero": ("{M: 32, N", "{M: 0, N"),
        "bound of a fraction": ("{M: 32, N", "{M: 31.5, N"),
        "width of zero": ("width: 64, depth", "width: 0, depth"),
        "word of zero": ("datawidth: 16, width: 16", "datawidth: 0, width: 16"),
        "bandwidth of zero": ("read_bandwidth: 16", "read_bandwidth: 0"),
        "nodes that are a word": (
            "  nodes:\n  - !Container\n    name: system",
            "  nodes: all\n  n:\n  - !Container\n    name: system",
        ),
        "attributes that are a list": ("attributes: {datawidth: 16}", "attributes: [datawidth, 16]"),
        "spatial that is a number": ("spatial: {meshX: 4, meshY: 8}", "spatial: 32"),
        "dimensions that are a number": ("dimensions: [M, N, K]", "dimensions: 3"),
        "projection that is a word": ("projection: [[[K]], [[N]]]", "projection: KN"),
        "mapping that is a word": ("\nmapping:\n", "\nmapping: best\nmapping_rest:\n"),
        "tables that are a number": (
            "ERT:\n  version: 0.4\n  tables:\n",
            "ERT:\n  version: 0.4\n  tables: 3\n  rest:\n",
        ),
        "nothing computes": ("    class: intmac\n", "    class: SRAM\n"),
        "variable of itself": ("depth_words: 1024 * 4", "depth_words: depth_words * 4"),
        "variables in a circle": ("depth_words: 1024 * 4", "depth_words: buffer_depth / 4"),
        "unclosed bracket": ("dimensions: [M, N, K]", "dimensions: [M, N, K"),
        "unclosed quote": ("name: gemm", 'name: "gemm'),
        "tab": ("    name: gemm", "\t\tname: gemm"),
        "bad indentation": ("    name: gemm\n", "  name: gemm\n"),
        "unknown alias": ("name: gemm", "name: *gemm"),
        "merge of a number": ("    class: intmac\n", "    class: intmac\n    <<: 3\n"),
        "Jinja name": ("name: gemm", "name: {{ gemm_name }}"),
        "Jinja syntax": ("name: gemm", "name: {% if %}"),
        "Jinja loop without end": ("name: gemm", "name: {% for i in range(10 ** 10) %}x{% endfor %}"),
        "Jinja escape": ("name: gemm", "name: {{ ''.__class__.__mro__ }}"),
        "missing include": ("name: gemm", "name: {{ include('no_such_file.yaml') }}"),
    },
    "components": {
        "unknown class": (
            "class: SRAM\n    attributes: {datawidth: 16, width: 64, depth",
            "class: SRAM\n    subclass: SRM\n    attributes: {datawidth: 16, width: 64, depth",
        ),
        "unknown class of a part": ("      class: intadder", "      class: intader"),
        "no class of a part": ("      class: intadder\n", ""),
        "no name of a class": ("  - name: buffer\n", "  - nam: buffer\n"),
        "no name of a part": ("    - name: storage\n      class", "    - nam: storage\n      class"),
        "attribute that must be specified": ("depth: buffer_depth}", "dept: buffer_depth}"),
        "attribute that an estimator needs": (
            "{datawidth: 16, width: 64, depth: 1024, n",
            "{datawidth: 16, depth: 1024, n",
        ),
        "attribute in a circle": ("bits: max(1, ceil(log2(depth)))", "bits: 2 * lines\n      lines: bits / 2"),
        "attribute of itself": ("bits: max(1, ceil(log2(depth)))", "bits: bits + 1"),
        "attribute out of range": ("n_banks: 4", "n_banks: 0"),
        "negative technology": ("technology: 45", "technology: -45"),
        "class of itself": ("class: intadder", "class: buffer"),
        "unknown part in an action": (
            "{name: storage, actions: [{name: read}]}",
            "{name: strage, actions: [{name: read}]}",
        ),
        "unknown action of a part": (
            "{name: storage, actions: [{name: read}]}",
            "{name: storage, actions: [{name: red}]}",
        ),
        "missing action": ("    - name: read\n", "    - name: reed\n"),
        "parts beyond the range": ("adders[1]", "adders[2]"),
        "range that is no range": ("adders[0..1]", "adders[0..]"),
        "range downwards": ("adders[0..1]", "adders[3..1]"),
        "range of a fraction": ("adders[0..1]", "adders[0..1.5]"),
        "action twice": ("    - name: write\n", "    - name: read\n"),
        "part twice": ("    - name: adders[0..1]\n", "    - name: storage\n"),
        "misspelt key of a part": ("      area_scale: 1.5\n", "      area_scal: 1.5\n"),
        "misspelt key of an action": ("repeat: 2", "repeats: 2"),
        "classes that are a word": ("  classes:\n", "  classes: all\n  ignored_by_name_ignore:\n"),
        "attributes that are a list": ("attributes: {bits: bits}", "attributes: [bits]"),
        "accuracy that nobody reaches": ("n_banks: 4", "n_banks: 4, min_accuracy: 101"),
        "estimator that is not there": ("n_banks: 4", "n_banks: 4, plug_in: 'nobody'"),
    },
    "accelforge": {
        "no name": ("    name: GLB\n", ""),
        "no rank size": ("M: 16, ", ""),
        "no bits": ("  bits_per_value: {All: 8}\n", ""),
        "no einsums": ("  einsums:\n", "  einsum:\n"),
        "no energy": ("energy: 120, ", ""),
        "no tile shape": ("{rank_variable: m, tile_shape: 4}", "{rank_variable: m}"),
        "no rank variable": ("{rank_variable: m, tile_shape: 4}", "{tile_shape: 4}"),
        "no component": ("{einsum: T1, component: MAC}", "{einsum: T1}"),
        "misspelt section": ("\nworkload:\n", "\nworklod:\n"),
        "misspelt key of a node": ("    leak_power: 0.5\n", "    leek_power: 0.5\n"),
        "misspelt key of an action": ("energy: 120", "enrgy: 120"),
        "misspelt key of a loop": ("{rank_variable: m, tile_shape: 4}", "{rank_variable: m, tile_shap: 4}"),
        "unknown tag": ("- !Memory\n    name: GLB", "- !Memry\n    name: GLB"),
        "unknown mapping node": (
            "- !Temporal {rank_variable: m, tile_shape: 4}",
            "- !Temporel {rank_variable: m, tile_shape: 4}",
        ),
        "unknown rank variable": ("{rank_variable: m, tile_shape: 4}", "{rank_variable: q, tile_shape: 4}"),
        "unknown component": ("{component: GLB, tensors: [T0]}", "{component: GLBB, tensors: [T0]}"),
        "unknown tensor": ("{component: GLB, tensors: [T0]}", "{component: GLB, tensors: [T7]}"),
        "unknown einsum": ("{einsum: T1, component", "{einsum: T9, component"),
        "unknown spatial dimension": ("component: PEs, name: x}", "component: PEs, name: y}"),
        "unknown set": ("keep: ~DRAM", "keep: ~DRRAM"),
        "set that is no expression": ("keep: ~DRAM", "keep: '~ | &'"),
        "unknown rename": ("{input: T0, weight", "{input: T5, weight"),
        "latency of an unknown name": (
            "max(a.n_calls / a.throughput for a in actions)",
            "max(a.calls for a in actions)",
        ),
        "latency that escapes": ("max(a.n_calls / a.throughput for a in actions)", "actions.__class__"),
        "name twice": ("    name: GLB\n", "    name: DRAM\n"),
        "action twice": ("{name: write, energy: 3", "{name: read, energy: 3"),
        "einsum without a product": ("T1[m, n1] = T0[m, n0] * W0[n0, n1]", "T1[m, n1]"),
        "einsum without a bracket": ("T0[m, n0] *", "T0[m, n0 *"),
        "einsum that is a number": ('"T1[m, n1] = T0[m, n0] * W0[n0, n1]"', "17"),
        "index that is no sum": ("T0[m, n0] *", "T0[m * n0] *"),
        "tile larger than its rank": ("rank_variable: n1, tile_shape: 8", "rank_variable: n1, tile_shape: 999"),
        "tile that grows again": ("rank_variable: m, tile_shape: 1}", "rank_variable: m, tile_shape: 8}"),
        "tile of zero": ("{rank_variable: m, tile_shape: 4}", "{rank_variable: m, tile_shape: 0}"),
        "fraction of a tile": ("{rank_variable: m, tile_shape: 4}", "{rank_variable: m, tile_shape: 2.5}"),
        "unfinished loops": ("  - !Temporal {rank_variable: n0, tile_shape: 1}\n", ""),
        "no compute": ("  - !Compute {einsum: T1, component: MAC}\n", ""),
        "no storage of a tensor": ("tensors: [T0, W0, T1]", "tensors: [T0, W0]"),
        "nodes that are a word": ("mapping:\n  nodes:\n", "mapping:\n  nodes: all\n  rest:\n"),
        "actions that are a number": (
            "    actions:\n    - {name: compute",
            "    actions: 3\n    acts:\n    - {name: compute",
        ),
        "spatial that is a number": ("    spatial:\n", "    spatial: 4\n    rest:\n"),
        "rank sizes that are a list": ("{M: 16, N0: 24, N1: 32}", "[16, 24, 32]"),
        "no fan-out": ("fanout: 4", "fanout: 0"),
        "half an instance": ("fanout: 4", "fanout: 2.5"),
        "rank of size zero": ("N0: 24", "N0: 0"),
        "variable of itself": ("word: 8", "word: word * 8"),
        "variables in a circle": ("word: 8", "word: buffer_bits / 1024"),
        "unclosed bracket": ("tensors: [T0, W0, T1]", "tensors: [T0, W0, T1"),
        "unknown alias": ("{All: 8}", "*bits"),
    },
}

_CLASSES = "".join(
    f"  - {{name: c{n}, subcomponents: [{{name: a, class: c{n - 1}}}, {{name: b, class: c{n - 1}}}],"
    f" actions: [{{name: read, subcomponents: [{{name: a, actions: [{{name: read}}]}}]}}]}}\n"
    for n in range(1, 40)
)
_ACTIONS = "".join(
    f"  - {{name: c{n}, subcomponents: [{{name: a, class: c{n - 1}}}],"
    f" actions: [{{name: read, subcomponents: [{{name: a, actions: [{{name: read}}, {{name: read}}]}}]}}]}}\n"
    for n in range(1, 40)
)
_PRICED = """components:
  version: 0.4
  classes:
  - {name: c0, attributes: {width: 8, depth: 64}}
%sarchitecture:
  version: 0.4
  nodes:
  - !Component {name: DRAM, class: DRAM, attributes: {datawidth: 8, width: 64}}
  - !Component {name: GLB, class: SRAM, subclass: c39, attributes: {datawidth: 8, technology: 45}}
  - !Component {name: MAC, class: intmac, attributes: {technology: 45}}
problem:
  version: 0.4
  shape:
    dimensions: [M]
    data_spaces: [{name: A, projection: [[[M]]]}, {name: Z, projection: [[[M]]], read_write: true}]
  instance: {M: 4}
"""
BOMBS = {
    "parts of parts": _PRICED % _CLASSES,
    "actions of actions": _PRICED % _ACTIONS,
    "aliases": "architecture: {}\nproblem:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)),
    "merges": "architecture: {}\nproblem:\n  m0: &m0 {a: 1}\n"
    + "".join(f"  m{n}: &m{n} {{x: *m{n - 1}, y: *m{n - 1}, z: *m{n - 1}}}\n" for n in range(1, 40)),
    "depth": "architecture: " + "[" * 20000 + "]" * 20000 + "\nproblem: {}\n",
    "self": "architecture: &a {nodes: *a}\nproblem: {}\n",
    "digits": "architecture: {version: " + "9" * 100000 + "}\nproblem: {}\n",
    "expression": "variables: {version: 0.4, a: "
    + "(" * 5000
    + "1"
    + ")" * 5000
    + "}\narchitecture: {}\nproblem: {}\n",
    "string": "variables: {version: 0.4, a: \"'x' * 10 ** 12\"}\narchitecture: {version: 0.4}\nproblem: {}\n",
    "binary": "architecture: \x00\x01\x02\n",
    "empty": "",
    "a list": "- architecture\n- problem\n",
    "a word": "architecture\n",
    "neither dialect": "hardware: {}\n",
    "both dialects": "architecture: {}\narch: {}\n",
}
