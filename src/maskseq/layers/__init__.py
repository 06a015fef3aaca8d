"""The layers, under Keras 3's names."""

from .activation import Activation as Activation
from .base import Layer as Layer
from .bidirectional import Bidirectional as Bidirectional
from .dense import Dense as Dense
from .dropout import Dropout as Dropout
from .embedding import Embedding as Embedding
from .lstm import LSTM as LSTM
from .lstm import LSTMCell as LSTMCell
from .masking import Masking as Masking
from .recurrent import RNN as RNN
from .softmax import Softmax as Softmax
from .temporal_softmax import TemporalSoftmax as TemporalSoftmax
from .time_distributed import TimeDistributed as TimeDistributed
