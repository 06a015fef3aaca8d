/* What this package asks of the recurrent layers beyond maskseq.h. */
#ifndef MSQ_RNN_H
#define MSQ_RNN_H

#include "conv/conv.h"
#include "low/low.h"

/* msq_rnn_pack of weights in another precision (low/low.h), their codes shaped as the weights.
 * MSQ_OUT_OF_RANGE too for MSQ_INT8 of more than MSQ_MAX_INT8_DEPTH features or units. */
int msq_rnn_pack_low(msq_rnn **packed, int kind, int precision, const msq_low_matrix *kernel,
                     const msq_low_matrix *recurrent_kernel, const float *bias, int64_t features,
                     int64_t units, int activation, int recurrent_activation);

/* What rows of an x that never changes add to the gates of a layer, kept from call to call; where
 * not all fit, those that calls read. Any number of calls may use one at a time. */
typedef struct msq_keep msq_keep;

/* For x (rows, features), which calls read by index: the same bits as without. MSQ_NO_MEMORY. */
int msq_keep_make(msq_keep **keep, const msq_rnn *rnn, int64_t rows, double max_bytes);
/* How many rows are there now. */
int64_t msq_keep_count(const msq_keep *keep);
/* How many bytes so many rows take. */
double msq_fold_bytes(const msq_rnn *rnn, int64_t rows);
/* No call may be using it. */
void msq_keep_free(msq_keep *keep);

/* A call whose arrays other threads may change while it runs. That can give wrong states, but no
 * access outside the arrays: what was checked once is never trusted when it is read again. */
typedef struct msq_rnn_run {
    const msq_rnn *rnn;
    msq_rnn_call call;
    int64_t steps;        /* offsets[batch] as it was when room was made for index and sequences */
    msq_keep *keep;       /* of rnn and x, or NULL */
    const int64_t *cells; /* step j's output is row cells[j] of call.sequences; NULL: row j */
    int64_t rows;         /* of call.sequences, where there are cells */
    float *kept;         /* NULL, or `steps` rows, kept_stride apart: what msq_back needs of each */
    int64_t kept_stride; /* at least 4 * units */
    float *kept_c;       /* MSQ_LSTM, if kept: `steps` rows of `units`, the cell state after each */
} msq_rnn_run;

/* msq_rnn_f32 for one run or two, side by side: the directions of a bidirectional layer, which have
 * x, index, offsets and num_threads in common. The bits of each are those of the run alone. */
int msq_rnn_runs_f32(msq_rnn_run *const *runs, int count, int64_t *bad_position);

/* msq_rnn_pack of a recurrent kernel (depth, gates * units). A convolutional LSTM of `units`
 * filters is an MSQ_LSTM over windows: features are those of a window of a step, depth those of a
 * window of depth / units rows of a state. Other depths than `units` are for msq_conv_lstm_f32
 * only. */
int msq_rnn_pack_deep(msq_rnn **packed, int kind, const float *kernel,
                      const float *recurrent_kernel, const float *bias, int64_t features,
                      int64_t depth, int64_t units, int activation, int recurrent_activation);
/* A run of such a layer. windows: those of one step (batch 1, neither row_of nor made). Rows of
 * call.x are steps (windows.time, features / windows.size), a state is (windows.count, units), and
 * so is an output. A state's windows lie around its rows, as with padding "same". The bits of a
 * sequence are its own. MSQ_UNSUPPORTED if these do not fit each other; status otherwise as
 * msq_rnn_runs_f32. */
int msq_conv_lstm_f32(const msq_rnn_run *run, const msq_windows *windows, int64_t *bad_position);

/* The way back through a run of an MSQ_LSTM, MSQ_GRU or MSQ_SIMPLE_RNN with the usual activations
 * that kept `kept`, which becomes the gradient of the pre-activations. Rows are those of the steps,
 * in their order; in rows of `kept` an LSTM has i f c o, as the kernel's columns; a GRU h z r and
 * the state's part of h: the first three are the input's, turned, the last three the state's;
 * a SimpleRNN has its `units`, which are not read. */
typedef struct msq_back {
    int kind;
    const msq_dense *turned; /* the recurrent kernel, rows and columns exchanged */
    const int64_t *offsets;  /* as in msq_rnn_call */
    int64_t batch, steps;
    int reverse;
    float *kept;
    int64_t kept_stride;
    const float *state; /* MSQ_LSTM: kept_c; otherwise h; state_stride apart */
    int64_t state_stride;
    const float *initial;   /* the same at the start, (batch, units); NULL: zeros */
    const float *d_outputs; /* steps rows, d_stride apart, the gradient of each h, or NULL */
    int64_t d_stride;
    const float *d_last; /* (batch, units), that of the last h, or NULL */
    float *carry;        /* (batch, units); MSQ_LSTM: that of the last c, then of the first;
                            MSQ_GRU: zeros, then of the first h, but for its products */
    int num_threads;
} msq_back;

/* 1 if runs of the layer can keep that. */
int msq_rnn_has_back(const msq_rnn *rnn);

/* The bits of a sequence depend on it alone. MSQ_UNSUPPORTED, MSQ_OUT_OF_RANGE if turned does not
 * fit, MSQ_BAD_OFFSETS, MSQ_NO_MEMORY, MSQ_INTERRUPTED. */
int msq_rnn_back_f32(const msq_back *back, int64_t *bad_position);
/* That of one run or two, side by side; num_threads is the first one's. The bits of each are those
 * of the way back alone. */
int msq_rnn_backs_f32(const msq_back *const *backs, int count, int64_t *bad_position);

#endif
