"""What is imported from a model: its distinct layers, and what could not be imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from accelax.errors import Location, Problem, SpecError
from accelax.spec.layers import Layer
from accelax.spec.specification import ACCELFORGE_KEYS, specification_of
from accelax.spec.text import load_files
from accelax.workloads.problem_files import Dialect, problem_section, problem_text
from accelax.workloads.shapes import LayerShape

Products = Literal["auto", "gemm", "convolution"]


@dataclass(frozen=True)
class ImportedLayer:
    """One shape and the operators of the model that have it, in order."""

    shape: LayerShape
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the first operator."""
        return self.names[0]

    @property
    def count(self) -> int:
        """How many operators have the shape."""
        return len(self.names)

    @property
    def occurrences(self) -> int:
        """How often the network repeats the problem: operators times the groups, or products, of each."""
        return self.count * self.shape.groups


@dataclass(frozen=True)
class OperatorGroup:
    """Operators of one type that are no layers, with their names and why (empty when nothing is wrong)."""

    operator: str
    names: tuple[str, ...]
    reason: str = ""

    @property
    def count(self) -> int:
        """How many operators."""
        return len(self.names)


@dataclass(frozen=True)
class Workload:
    """The layers of a model: each shape once, in order of first appearance.

    ``ignored`` are the operators that sum no products (activations, additions, data movement); ``unsupported`` those
    that do, or may, and that accelax can not express. The latter's work is missing from ``imported``.
    """

    name: str
    imported: tuple[ImportedLayer, ...]
    ignored: tuple[OperatorGroup, ...] = ()
    unsupported: tuple[OperatorGroup, ...] = ()

    def layers(
        self,
        *architecture_files: str | Path,
        products: Products = "auto",
        bits_per_value: int = 8,
        jinja_parse_data: Mapping[str, object] | None = None,
    ) -> tuple[Layer, ...]:
        """The layers on the machine of ``architecture_files`` (of either dialect), as ``accelax.map`` takes them.

        ``products`` is as in :meth:`to_problems`; ``bits_per_value`` matters to AccelForge's dialect alone.

        Raises:
            SpecError: a mistake in the files, or there are no layers.
            UnsupportedError: the files use a feature that accelax does not have.
        """
        self._expect_layers()
        found: list[Layer] = []
        for layer in self.imported:
            loaded = load_files(architecture_files, dict(jinja_parse_data or {}))
            keys = {key for document in loaded.documents for key in document}
            dialect: Dialect = "accelforge" if ACCELFORGE_KEYS[0] in keys else "timeloop"
            switches = {name: value for name, value in loaded.environment.items() if name.startswith("TIMELOOP_")}
            problem = problem_section(layer.shape, dialect, self._as_convolution(products), bits_per_value)
            found.append(Layer(specification_of([*loaded.documents, problem], switches), layer.name, layer.occurrences))
        return tuple(found)

    def to_problems(
        self,
        directory: str | Path,
        *,
        dialect: Dialect = "timeloop",
        products: Products = "auto",
        bits_per_value: int = 8,
    ) -> list[Path]:
        """Write one problem file per layer into ``directory``, ``layer_01.yaml`` and so on, and return their paths.

        Each file stands alone, and says the layer's name and how often it occurs as ``accelax map --layers`` reads it.
        A group of a grouped convolution, or one product of a batched one, is written once and occurs more often.
        ``products`` chooses how matrix products are written: as ``gemm`` (ranks M, N, K) or as a 1x1 ``convolution``
        whose batch is the rows; ``auto`` takes the latter when the model has convolutions, so that the constraints of
        one machine fit all its layers. ``bits_per_value`` is written for AccelForge's dialect; Timeloop's has it in
        the machine.

        Raises:
            SpecError: there are no layers, or the directory holds other layer files, which would be read as layers of
                this network; nothing is written then.
            OSError: the directory can not be written.
        """
        self._expect_layers()
        directory = Path(directory)
        digits = max(2, len(str(len(self.imported))))
        texts = {
            directory / f"layer_{number:0{digits}}.yaml": problem_text(
                layer.shape, dialect, self._as_convolution(products), bits_per_value
            )
            for number, layer in enumerate(self.imported, 1)
        }
        strangers = sorted(set(directory.glob("layer_*.yaml")) - set(texts))
        if strangers:
            message = f"would be read as a layer of {self.name!r} too: write into another directory, or remove it"
            raise SpecError([Problem(message, Location(str(path))) for path in strangers])
        directory.mkdir(parents=True, exist_ok=True)
        for number, (layer, (path, text)) in enumerate(zip(self.imported, texts.items(), strict=True), 1):
            path.write_text(self._heading(number, layer) + text + self._facts(layer), encoding="utf-8")
        return list(texts)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain dictionaries, for JSON."""
        return {
            "network": self.name,
            "layers": [
                {
                    "name": layer.name,
                    "kind": layer.shape.kind,
                    "extents": dict(layer.shape.extents),
                    "strides": list(layer.shape.strides),
                    "dilations": list(layer.shape.dilations),
                    "groups": layer.shape.groups,
                    "count": layer.count,
                    "occurrences": layer.occurrences,
                    "products": layer.shape.products * layer.count,
                    "names": list(layer.names),
                }
                for layer in self.imported
            ],
            "ignored": [
                {"operator": group.operator, "count": group.count, "names": list(group.names)} for group in self.ignored
            ],
            "unsupported": [
                {"operator": group.operator, "count": group.count, "names": list(group.names), "reason": group.reason}
                for group in self.unsupported
            ],
        }

    def _expect_layers(self) -> None:
        if self.imported:
            return
        refused = "; ".join(f"{group.operator} {group.names[0]!r}: {group.reason}" for group in self.unsupported)
        raise SpecError(f"{self.name}: no layer to write" + (f" ({refused})" if refused else ""))

    def _as_convolution(self, products: Products) -> bool:
        if products not in ("auto", "gemm", "convolution"):
            raise SpecError(f"products: expected auto, gemm or convolution, got {products!r}")
        return products == "convolution" or (
            products == "auto" and any(layer.shape.is_convolution for layer in self.imported)
        )

    def _heading(self, number: int, layer: ImportedLayer) -> str:
        """Comment lines; they hold no name of the model, which could be anything."""
        times = "once" if layer.occurrences == 1 else f"{layer.occurrences} times"
        each = f" ({layer.count} operators of {layer.shape.groups})" if layer.shape.groups > 1 else ""
        return f"# Layer {number} of {len(self.imported)}: {layer.shape.kind}. Occurs {times}{each}.\n"

    def _facts(self, layer: ImportedLayer) -> str:
        name, network = quoted(layer.name), quoted(self.name)
        return f"\nlayer_ignore: {{network: {network}, name: {name}, count: {layer.occurrences}}}\n"


def quoted(text: str) -> str:
    r"""``text`` as a YAML scalar in double quotes that no template engine takes for its own.

    >>> quoted('a "b" {{c}}')
    '"a \\"b\\" \\x7b\\x7bc\\x7d\\x7d"'
    """
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    code = ord(character)
    if character in '"\\':
        return "\\" + character
    if (character.isalnum() and code < 128) or character in " !$&()*+,-./:;<=>?@[]^_|~'`":
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\U{code:08x}"
