"""What each operator of PyTorch's aten is to a cost model: a product, or nothing that sums products."""

from __future__ import annotations

PRODUCT_INPUTS = {
    "mm": (0, 1),
    "bmm": (0, 1),
    "mv": (0, 1),
    "dot": (0, 1),
    "vdot": (0, 1),
    "matmul": (0, 1),
    "addmm": (1, 2),
    "baddbmm": (1, 2),
    "addmv": (1, 2),
}
"""Operators that multiply as numpy.matmul does, with the positions of the two operands."""

KEPT = ("mv", "dot", "vdot", "addmv", "linalg_vecdot")
"""Products that torch would decompose into a multiplication and a sum, in which they could not be told any more."""

_NAMES = """
adaptive_avg_pool1d _adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_max_pool2d adaptive_max_pool3d alias all amax
amin any arange argmax argmin as_strided _assert_async _assert_scalar _assert_tensor_metadata avg_pool1d avg_pool2d
avg_pool3d batch_norm bernoulli bucketize cat chunk clone col2im constant_pad_nd copy cummax cummin cumprod cumsum
detach diagonal dropout embedding _embedding_bag _embedding_bag_forward_only empty empty_like empty_strided expand eye
fill flip full full_like _fused_rms_norm gather getitem grid_sampler_2d group_norm im2col index index_put index_select
lift_fresh_copy linspace _local_scalar_dense _log_softmax log_softmax logsumexp masked_scatter max max_pool1d
max_pool2d max_pool2d_with_indices max_pool3d_with_indices mean median min native_batch_norm _native_batch_norm_legit
_native_batch_norm_legit_functional _native_batch_norm_legit_no_training native_dropout native_group_norm
native_layer_norm new_empty new_empty_strided new_full new_ones new_zeros nonzero norm ones ones_like permute
pixel_shuffle pixel_unshuffle prod rand rand_like randint randn randn_like randperm reflection_pad1d reflection_pad2d
reflection_pad3d repeat repeat_interleave replication_pad2d replication_pad3d resize_ rms_norm roll _safe_softmax
scalar_tensor scatter scatter_add scatter_reduce select select_scatter slice slice_scatter _softmax softmax sort split
split_with_sizes squeeze stack std sum sym_constrain_range sym_constrain_range_for_size sym_numel sym_size
sym_storage_offset sym_stride t _to_copy topk transpose tril tril_indices triu triu_indices unbind unfold
_unsafe_index _unsafe_view unsqueeze upsample_bicubic2d upsample_bilinear2d upsample_nearest1d upsample_nearest2d
upsample_nearest3d upsample_trilinear3d var var_mean view zeros zeros_like
"""

IGNORED = frozenset(_NAMES.split())
"""Operators that sum no products of two tensors, beside those that torch itself tags as pointwise."""
