"""A specification as one YAML file: what ``parsed-processed-input.yaml`` holds, and what reads back as the same."""

from __future__ import annotations

from typing import Any

import yaml

from accelax.spec.text import Quoted


class _Dumper(yaml.SafeDumper):
    """Writes tags of nodes and keeps quotes."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out."""
        return True


def _mapping(dumper: _Dumper, value: dict) -> yaml.Node:
    tag = getattr(value, "tag", None)
    return dumper.represent_mapping(f"!{tag.lstrip('!')}" if tag else "tag:yaml.org,2002:map", list(value.items()))


def _sequence(dumper: _Dumper, value: list) -> yaml.Node:
    plain = all(not isinstance(item, (dict, list)) for item in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=plain)


def _text(dumper: _Dumper, value: str) -> yaml.Node:
    style = '"' if isinstance(value, Quoted) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style=style)


_Dumper.add_multi_representer(dict, _mapping)
_Dumper.add_multi_representer(list, _sequence)
_Dumper.add_multi_representer(str, _text)


def specification_yaml(sections: dict[str, Any]) -> str:
    """Sections as they are written: expressions are not evaluated, merges and templates are.

    >>> print(specification_yaml({"variables": {"size": "2 * 8", "name": Quoted("a")}}), end="")
    variables:
      size: 2 * 8
      name: "a"
    """
    return yaml.dump(sections, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
