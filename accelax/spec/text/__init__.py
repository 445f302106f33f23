"""Text to located dictionaries: files, templates, YAML, merges and expressions. Knows nothing of either dialect."""

from accelax.errors import Location, Problem
from accelax.spec.text.expressions import (
    ExpressionError,
    evaluate_expression,
    names_in,
    parse_expression,
)
from accelax.spec.text.source import (
    Problems,
    Quoted,
    SourceDict,
    SourceList,
    key_location_of,
    location_of,
)
from accelax.spec.text.yaml_loader import LoadedFiles, load_documents, load_files

__all__ = [
    "ExpressionError",
    "LoadedFiles",
    "Location",
    "Problem",
    "Problems",
    "Quoted",
    "SourceDict",
    "SourceList",
    "evaluate_expression",
    "key_location_of",
    "load_documents",
    "load_files",
    "location_of",
    "names_in",
    "parse_expression",
]
