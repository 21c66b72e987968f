"""Operators that need no MACs, by kind, and those whose cost nobody can tell from shapes: explicit lists."""

from __future__ import annotations

from typing import Final

from assess.describe.model import Kind

#: Their own cost is nothing; what they run is counted by itself.
CONTROL: Final = frozenset({"If", "Loop", "Scan"})

_ELEMENTWISE: Final = """
Abs Acos Acosh Add And Asin Asinh Atan Atanh Bernoulli BitCast BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast
CastLike Ceil Celu Clip Cos Cosh DequantizeLinear Div Dropout DynamicQuantizeLinear Elu Equal Erf Exp Floor Gelu Greater
GreaterOrEqual HardSigmoid HardSwish IsInf IsNaN LeakyRelu Less LessOrEqual Log Max Mean Min Mish Mod Mul Multinomial
Neg Not Or PRelu Pow QuantizeLinear Reciprocal Relu RotaryEmbedding Round Selu Shrink Sigmoid Sign Sin Sinh Softplus
Softsign Sqrt Sub Sum SwiGLU Swish Tan Tanh ThresholdedRelu Where Xor RandomNormal RandomNormalLike RandomUniform
RandomUniformLike BlackmanWindow HammingWindow HannWindow MelWeightMatrix AffineGrid RegexFullMatch StringConcat
StringNormalizer StringSplit Resize Upsample GridSample Adagrad Adam Momentum ParametricSoftplus Affine Scale ScaledTanh
ImageScaler
"""
_REDUCTION: Final = """
ArgMax ArgMin AveragePool BatchNormalization CumProd CumSum GlobalAveragePool GlobalLpPool GlobalMaxPool
GroupNormalization Hardmax InstanceNormalization LRN LayerNormalization LogSoftmax LpNormalization LpPool MaxPool
MaxRoiPool MeanVarianceNormalization NegativeLogLikelihoodLoss NonMaxSuppression RMSNormalization ReduceL1 ReduceL2
ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare RoiAlign Softmax
SoftmaxCrossEntropyLoss TopK Unique SimplifiedLayerNormalization
"""
_MOVEMENT: Final = """
CenterCropPad Col2Im Compress Concat ConcatFromSequence Constant ConstantOfShape DepthToSpace Expand EyeLike Flatten
Gather GatherElements GatherND Identity MaxUnpool NonZero OneHot Optional OptionalGetElement OptionalHasElement Pad
Range Reshape ReverseSequence Scatter ScatterElements ScatterND SequenceAt SequenceConstruct SequenceEmpty
SequenceErase SequenceInsert SequenceLength Shape Size Slice SpaceToDepth Split SplitToSequence Squeeze TensorScatter
TfIdfVectorizer Tile Transpose Trilu Unsqueeze Crop
"""
_ML_ELEMENTWISE: Final = "Binarizer CastMap CategoryMapper Imputer LabelEncoder OneHotEncoder Scaler"
_ML_REDUCTION: Final = "Normalizer TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor"
_ML_MOVEMENT: Final = "ArrayFeatureExtractor DictVectorizer FeatureVectorizer ZipMap"
_MICROSOFT_ELEMENTWISE: Final = """
BiasAdd BiasDropout BiasGelu BiasSplitGelu BitmaskBiasDropout BitmaskDropout ComplexMul ComplexMulConj DequantizeBFP
DequantizeLinear DequantizeWithOrder FastGelu GatedAdd Gelu GemmaRotaryEmbedding GridSample MRotaryEmbedding MulInteger
MurmurHash3 QLinearAdd QLinearLeakyRelu QLinearMul QLinearSigmoid QLinearWhere QOrderedGelu QuantizeBFP QuantizeLinear
QuantizeWithOrder QuickGelu RotaryEmbedding SampleOp ScaledSiLU SwiGLU CropAndResize IsAllFinite
"""
_MICROSOFT_REDUCTION: Final = """
BiasSoftmax EmbedLayerNormalization GatedRMSNorm GroupNorm LayerNormalization MaxpoolWithMask NhwcMaxPool
QEmbedLayerNormalization QLinearAveragePool QLinearGlobalAveragePool QLinearReduceMean QLinearSoftmax
QOrderedLayerNormalization RMSNormRotary ReduceSumInteger SimplifiedLayerNormalization SkipGroupNorm
SkipLayerNormalization SkipSimplifiedLayerNormalization NGramRepeatBlock Unique
"""
_MICROSOFT_MOVEMENT: Final = """
ExpandDims GatherBlockQuantized GatherND GatherPacked Pad QLinearConcat Range RemovePadding RestorePadding Tokenizer
TorchEmbedding Trilu UnfoldTensor
"""
_NHWC_REDUCTION: Final = """
AveragePool BatchNormalization GlobalAveragePool GlobalLpPool GlobalMaxPool InstanceNormalization LRN LpPool MaxPool
QLinearAveragePool
"""


def _listed(domain: str, names: str, kind: Kind) -> dict[tuple[str, str], Kind]:
    return {(domain, name): kind for name in names.split()}


_FREE: Final[dict[tuple[str, str], Kind]] = {
    **_listed("", _ELEMENTWISE, "elementwise"),
    **_listed("", _REDUCTION, "reduction"),
    **_listed("", _MOVEMENT, "movement"),
    **_listed("ai.onnx.preview.training", "Adagrad Adam Momentum", "elementwise"),
    **_listed("ai.onnx.ml", _ML_ELEMENTWISE, "elementwise"),
    **_listed("ai.onnx.ml", _ML_REDUCTION, "reduction"),
    **_listed("ai.onnx.ml", _ML_MOVEMENT, "movement"),
    **_listed("com.microsoft", _MICROSOFT_ELEMENTWISE, "elementwise"),
    **_listed("com.microsoft", _MICROSOFT_REDUCTION, "reduction"),
    **_listed("com.microsoft", _MICROSOFT_MOVEMENT, "movement"),
    **_listed("com.ms.internal.nhwc", _NHWC_REDUCTION, "reduction"),
    **_listed("com.ms.internal.nhwc", "GridSample Resize", "elementwise"),
    **_listed("com.ms.internal.nhwc", "DepthToSpace MaxUnpool SpaceToDepth", "movement"),
    **_listed("com.microsoft.nchwc", "AveragePool GlobalAveragePool GlobalMaxPool MaxPool", "reduction"),
    **_listed("com.microsoft.nchwc", "ReorderInput ReorderOutput", "movement"),
    **_listed("com.microsoft.nchwc", "Upsample", "elementwise"),
}

_FFT: Final = "its cost depends on the runtime's Fourier transform"
_CONTENT: Final = "its cost depends on what the data holds"

#: Known operators that no formula of shapes gives, and why.
UNCOUNTABLE: Final[dict[tuple[str, str], str]] = {
    ("", "DFT"): _FFT,
    ("", "STFT"): _FFT,
    ("com.microsoft", "Rfft"): _FFT,
    ("com.microsoft", "Irfft"): _FFT,
    ("", "Det"): "its cost depends on the runtime's factorisation",
    ("com.microsoft", "Inverse"): "its cost depends on the runtime's factorisation",
    ("", "ImageDecoder"): _CONTENT,
    ("", "SequenceMap"): "how many elements its sequence has is not known",
    **{
        ("com.microsoft", name): "how many steps it generates is not known"
        for name in ("BeamSearch", "GreedySearch", "Sampling", "WhisperBeamSearch")
    },
    ("com.microsoft", "EPContext"): "it holds a program compiled for one device",
    ("com.microsoft", "SparseAttention"): "how many blocks its mask keeps is not known",
}


def kind_of(domain: str, name: str) -> Kind | None:
    """The kind of an operator that needs no MACs; None if it is not listed as one."""
    return _FREE.get((domain, name))
