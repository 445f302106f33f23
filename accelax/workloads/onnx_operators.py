"""What each ONNX operator is to a cost model: a layer, nothing that sums products, or not expressible."""

from __future__ import annotations

STANDARD_DOMAINS = ("", "ai.onnx")

PRODUCT_INPUTS = {
    "MatMul": (0, 1),
    "MatMulInteger": (0, 1),
    "QLinearMatMul": (0, 3),
}
"""Operators that multiply as numpy.matmul does, with the positions of the two operands."""

CONVOLUTION_INPUTS = {
    "Conv": (0, 1),
    "ConvInteger": (0, 1),
    "QLinearConv": (0, 3),
}
"""Convolutions, with the positions of the image and of the weights."""

CONTROL_FLOW = ("If", "Loop", "Scan", "SequenceMap")

UNSUPPORTED = {
    "ConvTranspose": "a transposed convolution",
    "DeformConv": "a deformable convolution",
    "LSTM": "a recurrent layer",
    "GRU": "a recurrent layer",
    "RNN": "a recurrent layer",
    "AffineGrid": "a grid of affine transforms",
    "DFT": "a Fourier transform",
    "STFT": "a Fourier transform",
    "Det": "a determinant",
    "LinearAttention": "linear attention",
}
"""Operators that multiply and sum, and that no problem file expresses; what each is, for the message."""

_ELEMENTWISE = """
Abs Acos Acosh Add And Asin Asinh Atan Atanh BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil
Celu Clip Cos Cosh DequantizeLinear Div Dropout DynamicQuantizeLinear Elu Equal Erf Exp Floor Gelu Greater
GreaterOrEqual HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Less LessOrEqual Log Max Mean Min Mish Mod Mul Neg
Not Or PRelu Pow QuantizeLinear Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Sub Sum
Swish Tan Tanh ThresholdedRelu Where Xor
"""

_MOVEMENT = """
BitCast CenterCropPad Col2Im Compress Concat ConcatFromSequence Constant ConstantOfShape DepthToSpace Expand EyeLike
Flatten Gather GatherElements GatherND GridSample ImageDecoder NonZero OneHot Optional OptionalGetElement
OptionalHasElement Pad Range Reshape Resize ReverseSequence RoiAlign Scatter ScatterElements ScatterND SequenceAt
SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength Shape Size Slice SpaceToDepth Split
SplitToSequence Squeeze StringConcat StringNormalizer StringSplit TensorScatter TfIdfVectorizer Tile Transpose Trilu
Unique Unsqueeze Upsample RegexFullMatch
"""

_REDUCTIONS = """
ArgMax ArgMin AveragePool BatchNormalization CumSum GlobalAveragePool GlobalLpPool GlobalMaxPool GroupNormalization
Hardmax InstanceNormalization LRN LayerNormalization LogSoftmax LpNormalization LpPool MaxPool MaxRoiPool MaxUnpool
MeanVarianceNormalization NegativeLogLikelihoodLoss NonMaxSuppression RMSNormalization ReduceL1 ReduceL2 ReduceLogSum
ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare RotaryEmbedding Softmax
SoftmaxCrossEntropyLoss TopK
"""

_MADE = """
Bernoulli BlackmanWindow HammingWindow HannWindow MelWeightMatrix Multinomial RandomNormal RandomNormalLike
RandomUniform RandomUniformLike
"""

IGNORED = frozenset(f"{_ELEMENTWISE} {_MOVEMENT} {_REDUCTIONS} {_MADE}".split())
"""Operators that sum no products of two tensors: elementwise, moving data, reducing one tensor, or making one."""

RANDOM = frozenset(
    ("Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike")
)
"""Operators whose result is no constant though their inputs are."""
