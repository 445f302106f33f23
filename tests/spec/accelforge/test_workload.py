from __future__ import annotations

import pytest

from accelax.errors import SpecError, UnsupportedError
from accelax.ir.workload import Tensor


def einsum_of(spec):
    return spec.lowered().einsums[0]


def workload(**fields):
    """A change that replaces fields of the workload."""
    return lambda data: data["workload"].update(fields)


def test_a_matmul(matmul):
    einsum = einsum_of(matmul())
    assert einsum.name == "Z"
    assert einsum.bounds == (("m", 16), ("k", 24), ("n", 32))
    assert einsum.tensors == (
        Tensor("A", ((("m", 1),), (("k", 1),)), False, 8),
        Tensor("W", ((("k", 1),), (("n", 1),)), False, 8),
        Tensor("Z", ((("m", 1),), (("n", 1),)), True, 8),
    )


def test_tensor_accesses_with_list_and_dict_projections(matmul):
    accesses = [
        {"name": "A", "projection": ["m", "k"]},
        {"name": "W", "projection": {"K": "k", "N": "n"}, "bits_per_value": "2 * 2"},
        {"name": "Z", "projection": ["m", "n"], "output": True, "persistent": True},
    ]
    einsum = einsum_of(matmul(workload(einsums=[{"name": "Z", "tensor_accesses": accesses, "renames": {
        "input": "A", "weight": "W", "output": "Z"}}])))  # fmt: skip
    assert [tensor.bits_per_value for tensor in einsum.tensors] == [8, 4, 8]
    assert [tensor.persistent for tensor in einsum.tensors] == [False, False, True]
    assert einsum.bounds == (("m", 16), ("k", 24), ("n", 32))


def test_a_strided_convolution_gets_its_bounds_from_the_iteration_space(matmul):
    text = "O[p, m] = I[c, H: 2*p + r] * Wt[r, c, m]"
    shape = ["0 <= p < P and 0 <= r < 3", "0 <= c < 8"]

    def change(data):
        data["variables"] = {"P": "2 * 7"}
        data["workload"] = {
            "bits_per_value": {"All": 8},
            "rank_sizes": {"M": "P + 2"},
            "iteration_space_shape": {"c": "0 <= c < 4", "q": "0 <= q < 9"},
            "einsums": [{"einsum": text, "iteration_space_shape": shape,
                         "renames": {"input": "I", "weight": "Wt", "output": "O"}}],
        }  # fmt: skip

    einsum = einsum_of(matmul(change))
    assert einsum.bounds == (("c", 4), ("p", 14), ("r", 3), ("m", 16))
    assert einsum.tensors[0].projection == ((("c", 1),), (("p", 2), ("r", 1)))


def test_bits_by_set_expressions(matmul):
    einsum = einsum_of(matmul(workload(bits_per_value={"weight": 4, "output": "4 * 8", "Other": 16})))
    assert [tensor.bits_per_value for tensor in einsum.tensors] == [16, 4, 32]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"bits_per_value": {"All": 8, "weight": 4}}, "'W' is in both 'All' and 'weight'"),
        ({"bits_per_value": {"weight": 4}}, "'A' of 'Z' has no bits per value"),
        ({"bits_per_value": {"All": 0}}, "positive number of bits"),
        ({"rank_sizes": {"M": 16, "K": 24}}, "rank_sizes.N"),
        ({"rank_sizes": {"M": 16, "K": 24, "N": "32.5"}}, "expected an integer"),
        ({"rank_sizes": {"M": 16, "K": 0, "N": 32}}, "at least 1"),
        ({"n_instances": 0}, "at least 1"),
        ({"einsums": []}, "no Einsum"),
        ({"einsums": ["Z[m] = A[m]", "Z[m] = B[m]"]}, "not unique"),
        ({"einsums": ["Y[m] = A[m, k]", "Z[m] = A[m]"]}, "has the ranks"),
        ({"einsums": [{"name": "Z"}]}, "accesses no tensor"),
        ({"iteration_space_shape": {"m": "0 <= m < Q"}}, "Q in '0 <= m < Q' is no rank variable"),
        ({"iteration_space_shape": {"m": "m > 20"}}, "empty"),
        ({"persistent_tensors": "wieght"}, "wieght"),
    ],
)
def test_mistakes_are_reported(matmul, fields, reason):
    with pytest.raises(SpecError, match=reason):
        matmul(workload(**fields))


@pytest.mark.parametrize(
    ("einsum", "feature"),
    [
        ({"einsum": "Z[m] = A[m]", "is_copy_operation": True}, "copy Einsum"),
        ({"einsum": "Z[m] = A[H: m + 1]"}, "constant offset"),
        ({"einsum": "Z[m, n] = A[H: m - n]", "iteration_space_shape": ["0 <= m < 3"]}, "negative coefficient"),
    ],
)
def test_what_is_right_and_not_done_is_refused_by_name(matmul, einsum, feature):
    spec = matmul(workload(einsums=[einsum]))
    with pytest.raises(UnsupportedError, match=feature):
        spec.lowered()


def test_instances_of_einsums_and_of_the_workload(matmul):
    def change(data):
        data["workload"]["n_instances"] = 3
        data["workload"]["einsums"][0]["n_instances"] = 5

    lowered = matmul(change).lowered()
    assert (lowered.n_instances, lowered.einsums[0].n_instances) == (3, 5)


def test_names_of_a_cascade(matmul):
    """T1 is written by one Einsum and read by the other; X is read by both; names of other Einsums are empty sets."""

    def change(data):
        data["workload"] = {
            "rank_sizes": {"M": 4, "K": 4, "N": 4},
            "bits_per_value": {"Intermediates": 16, "Shared - Intermediates": 4, "Other": 8},
            "persistent_tensors": "weight",
            "einsums": [
                {"einsum": "T1[m, n] = X[m, k] * W[k, n]"},
                {"einsum": "T2[m, k] = T1[m, n] * X[m, k]", "renames": {"weight": "Nothing"}},
            ],
        }
        data["renames"] = {
            "einsums": [
                {
                    "name": "default",
                    "tensor_accesses": {"input": "Inputs & Intermediates", "output": "Outputs", "weight": "W"},
                },
                {"name": "T1", "tensor_accesses": [{"name": "input", "source": "X", "expected_count": 1}]},
            ]
        }

    first, second = matmul(change).lowered().einsums
    assert [(t.name, t.bits_per_value, t.persistent) for t in first.tensors] == [
        ("X", 4, False), ("W", 8, True), ("T1", 16, False),
    ]  # fmt: skip
    assert [(t.name, t.bits_per_value, t.persistent) for t in second.tensors] == [
        ("T1", 16, False), ("X", 4, False), ("T2", 8, False),
    ]  # fmt: skip


def test_a_rename_with_the_wrong_count_is_reported(matmul):
    renames = [{"name": "input", "source": "Inputs", "expected_count": 1}, {"name": "weight", "source": "W"},
               {"name": "output", "source": "Z"}]  # fmt: skip
    with pytest.raises(SpecError, match="expected 1 of 'Inputs', got 2"):
        matmul(lambda data: data["workload"]["einsums"][0].update(renames=renames))


def test_bits_that_differ_between_einsums_are_reported(matmul):
    bits = {"B if len(All) == 2 else Nothing": 8, "B if len(All) == 3 else Nothing": 4, "~B": 8}
    with pytest.raises(SpecError, match="'B' has 8 bits per value in 'Y' and 4 in 'Z'"):
        matmul(workload(bits_per_value=bits, einsums=["Y[m] = B[m]", "Z[m] = B[m] * C[m]"]))
