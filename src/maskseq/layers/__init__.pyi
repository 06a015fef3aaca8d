"""The layers, under Keras 3's names. Written by csrc/stub.py."""

from .activations.activation import Activation as Activation
from .activations.rectifiers import ELU as ELU
from .activations.rectifiers import LeakyReLU as LeakyReLU
from .activations.rectifiers import PReLU as PReLU
from .activations.rectifiers import ReLU as ReLU
from .activations.rectifiers import ThresholdedReLU as ThresholdedReLU
from .activations.softmax import Softmax as Softmax
from .activations.temporal_softmax import TemporalSoftmax as TemporalSoftmax
from .attention.additive_attention import AdditiveAttention as AdditiveAttention
from .attention.attention import Attention as Attention
from .attention.group_query_attention import GroupedQueryAttention as GroupedQueryAttention
from .attention.multi_head_attention import MultiHeadAttention as MultiHeadAttention
from .base.layer import Layer as Layer
from .base.wrapper import Wrapper as Wrapper
from .convolutional.conv1d import Conv1D as Conv1D
from .convolutional.conv1d_transpose import Conv1DTranspose as Conv1DTranspose
from .convolutional.depthwise_conv1d import DepthwiseConv1D as DepthwiseConv1D
from .convolutional.masked_conv1d import MaskedConv1D as MaskedConv1D
from .convolutional.separable_conv1d import SeparableConv1D as SeparableConv1D
from .core.dense import Dense as Dense
from .core.einsum_dense import EinsumDense as EinsumDense
from .core.embedding import Embedding as Embedding
from .core.identity import ActivityRegularization as ActivityRegularization
from .core.identity import Identity as Identity
from .core.input import Input as Input
from .core.input import InputLayer as InputLayer
from .core.lambda_layer import Lambda as Lambda
from .core.masking import Masking as Masking
from .core.reversible_embedding import ReversibleEmbedding as ReversibleEmbedding
from .merging.concatenate import Concatenate as Concatenate
from .merging.concatenate import concatenate as concatenate
from .merging.dot import Dot as Dot
from .merging.dot import dot as dot
from .merging.merge import Add as Add
from .merging.merge import Average as Average
from .merging.merge import Maximum as Maximum
from .merging.merge import Minimum as Minimum
from .merging.merge import Multiply as Multiply
from .merging.merge import Subtract as Subtract
from .merging.merge import add as add
from .merging.merge import average as average
from .merging.merge import maximum as maximum
from .merging.merge import minimum as minimum
from .merging.merge import multiply as multiply
from .merging.merge import subtract as subtract
from .normalization.batch_normalization import BatchNormalization as BatchNormalization
from .normalization.group_normalization import GroupNormalization as GroupNormalization
from .normalization.layer_normalization import LayerNormalization as LayerNormalization
from .normalization.rms_normalization import RMSNormalization as RMSNormalization
from .normalization.spectral_normalization import SpectralNormalization as SpectralNormalization
from .normalization.unit_normalization import UnitNormalization as UnitNormalization
from .pooling.attention_pooling1d import AttentionPooling1D as AttentionPooling1D
from .pooling.global_pooling import GlobalAveragePooling1D as GlobalAveragePooling1D
from .pooling.global_pooling import GlobalMaxPooling1D as GlobalMaxPooling1D
from .pooling.last_step import LastStep as LastStep
from .pooling.masked_global_max_pooling1d import (
    MaskedGlobalMaxPooling1D as MaskedGlobalMaxPooling1D,
)
from .pooling.window_pooling import AveragePooling1D as AveragePooling1D
from .pooling.window_pooling import MaxPooling1D as MaxPooling1D
from .preprocessing.category_encoding import CategoryEncoding as CategoryEncoding
from .preprocessing.discretization import Discretization as Discretization
from .preprocessing.hashing import Hashing as Hashing
from .preprocessing.integer_lookup import IntegerLookup as IntegerLookup
from .preprocessing.normalization import Normalization as Normalization
from .preprocessing.rescaling import Rescaling as Rescaling
from .preprocessing.string_lookup import StringLookup as StringLookup
from .preprocessing.text_vectorization import TextVectorization as TextVectorization
from .regularization.dropout import Dropout as Dropout
from .regularization.noise import AlphaDropout as AlphaDropout
from .regularization.noise import GaussianDropout as GaussianDropout
from .regularization.noise import GaussianNoise as GaussianNoise
from .regularization.noise import SpatialDropout1D as SpatialDropout1D
from .reshaping.reshape import Flatten as Flatten
from .reshaping.reshape import Permute as Permute
from .reshaping.reshape import RepeatVector as RepeatVector
from .reshaping.reshape import Reshape as Reshape
from .reshaping.resizing import Cropping1D as Cropping1D
from .reshaping.resizing import UpSampling1D as UpSampling1D
from .reshaping.resizing import ZeroPadding1D as ZeroPadding1D
from .rnn.bidirectional import Bidirectional as Bidirectional
from .rnn.conv_lstm1d import ConvLSTM1D as ConvLSTM1D
from .rnn.crf import CRF as CRF
from .rnn.crf_decode import CRFDecode as CRFDecode
from .rnn.gru import GRU as GRU
from .rnn.gru import GRUCell as GRUCell
from .rnn.lstm import LSTM as LSTM
from .rnn.lstm import LSTMCell as LSTMCell
from .rnn.rnn import RNN as RNN
from .rnn.simple_rnn import SimpleRNN as SimpleRNN
from .rnn.simple_rnn import SimpleRNNCell as SimpleRNNCell
from .rnn.stacked_rnn_cells import StackedRNNCells as StackedRNNCells
from .rnn.time_distributed import TimeDistributed as TimeDistributed

AvgPool1D = AveragePooling1D
Convolution1D = Conv1D
Convolution1DTranspose = Conv1DTranspose
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalMaxPool1D = GlobalMaxPooling1D
GroupQueryAttention = GroupedQueryAttention
MaxPool1D = MaxPooling1D
SeparableConvolution1D = SeparableConv1D
