/* Recurrent layers inside: the sequences of a call, and the walk of a thread through time. */
#ifndef MSQ_RNN_INTERNAL_H
#define MSQ_RNN_INTERNAL_H

#include "kernels.h"
#include "low/low.h"
#include "parallel.h"
#include "rnn.h"

/* Cells with any activations: products by the ISA, the rest in plain loops (rnn/cell.c). */
extern msq_step_fn *const msq_general_steps[MSQ_RNN_KINDS];

/* z = bias + x . input. Given are z, x, rows, first_block, last_block and scattered; and room for
 * codes of rows of x, which weights in fewer bits need. */
void msq_rnn_input(const msq_rnn *rnn, msq_product product, void *room);
/* The bytes of that room for products of so many rows; 0 where none is needed. */
static inline size_t msq_input_room(const msq_rnn *rnn, int64_t rows) {
    const int64_t together = rows < MSQ_CODE_ROWS ? rows : MSQ_CODE_ROWS;
    return rnn->low ? (size_t)together * msq_code_bytes(rnn->low, rnn->features) : 0;
}

/* One sequence of a call, and its state as it walks through time. */
typedef struct sequence {
    int64_t id;
    int64_t first, length; /* its steps among those of the call */
    const float *h;        /* the state after the last step done, `units` values */
    float *c;              /* MSQ_LSTM: the same, whole blocks */
    float *room;           /* for two states, whole blocks each */
    float *reset;          /* MSQ_GRU_RESET_BEFORE: room for r * h */
} sequence;

/* The number of step t of a sequence among the steps of its call. */
static inline int64_t msq_number_of(const sequence *s, int64_t t, int reverse) {
    return reverse ? s->first + s->length - 1 - t : s->first + t;
}

/* The input's part of the gates, once for each row of x that occurs (rnn/fold.c). */
typedef struct msq_fold {
    float *table;          /* count rows of columns; NULL: it does not pay */
    int64_t *rows;         /* count: where each is in x */
    _Atomic int32_t *slot; /* of each row of x, its row in the table + 1 */
    int64_t count, columns;
    int partial; /* rows may be lacking: their slots are 0 or less */
} msq_fold;

/* Decides whether it pays for one call, and makes room. Without memory it does not pay. */
void msq_fold_plan(msq_fold *fold, const msq_rnn *rnn, const msq_rnn_call *call, int64_t steps);
/* Fills the rows from `begin` to `end`; room as for msq_rnn_input. */
void msq_fold_project(const msq_fold *fold, const msq_rnn *rnn, const float *x, int64_t begin,
                      int64_t end, void *room);
/* What row `row` of x adds to the gates; NULL if it is lacking. */
const float *msq_fold_row(const msq_fold *fold, int64_t row);
void msq_fold_clear(msq_fold *fold);

/* Kept products (rnn/keep.c). */
typedef struct msq_kept_row {
    int64_t row; /* of x */
    int32_t slot;
} msq_kept_row;

/* What a call does with them. */
typedef struct msq_keeping {
    msq_keep *keep;     /* NULL: nothing */
    msq_kept_row *rows; /* count: those that it adds */
    int64_t count;
    int adding; /* no other call does */
} msq_keeping;

/* Chooses the rows that a call adds; 0 if it has to do without. */
int msq_keep_begin(msq_keeping *k, msq_keep *keep, const msq_rnn_call *call, int64_t steps);
void msq_keep_end(msq_keeping *k);
int64_t msq_keep_rows(const msq_keep *keep); /* of x */
int msq_keep_is_whole(const msq_keep *keep); /* none is lacking, nor ever will be */
const msq_fold *msq_keep_fold(const msq_keep *keep);

/* What a thread needs to walk sequences through time; made once per call, reused for every step. */
typedef struct walker {
    const msq_rnn *rnn;
    const msq_rnn_run *run;
    const msq_rnn_call *call;
    const msq_fold *fold;
    msq_step_fn *step;               /* of rnn, or one that also keeps what the way back needs */
    sequence **sequences;            /* by falling length */
    int64_t first_block, last_block; /* the units to compute */
    int64_t max_rows;                /* sequences side by side */
    int64_t max_z;                   /* steps of a chunk */
    int64_t max_own;                 /* those of them whose input products are not in the fold */
    const float **x;                 /* max_own pointers */
    const float **z;                 /* max_z pointers */
    const float **h;                 /* max_rows pointers each */
    float **h_next, **c, **reset;
    const float **c_before; /* max_rows, as `kept`; only where the step keeps something */
    float **kept;
    float *z_rows;        /* max_own rows: what z points to */
    float *gates;         /* max_rows rows, general cells only */
    const float **codes;  /* max_rows; weights in fewer bits only */
    void *room;           /* the codes of states, or of a chunk of x */
    msq_barrier *barrier; /* of num_threads that walk the same sequences, each for some units */
    msq_stop *stop;
    int calling; /* this thread is the one that called */
    int thread;
    int num_threads;  /* 1: no other thread does */
    int64_t patience; /* of waiting for them, see msq_wait */
    int keeps_states; /* this thread notes the sequences' states and copies the last ones out */
} walker;

/* Computes those that a call adds, from `begin` to `end`, for all calls to come. */
void msq_keep_project(const msq_keeping *k, const msq_rnn *rnn, const float *x, int64_t begin,
                      int64_t end, const walker *w);

/* Walks the first `rows` sequences from step `begin` to step `end`, or until they are over. Returns
 * the step reached: less than `end` if waiting for the other threads got slow. */
int64_t msq_walk(walker *w, int64_t rows, int64_t begin, int64_t end);

/* One call, as its threads see it. */
typedef struct msq_rnn_job {
    const msq_rnn *rnn;
    const msq_rnn_run *run;
    const msq_rnn_call *call;
    int64_t steps;
    sequence *sequences; /* those with steps, by falling length */
    int64_t count;
    int parts;
    int64_t few; /* this many sequences are walked together */
    msq_barrier barrier;
    const msq_fold *fold; /* that of the run's keep, or own_fold */
    msq_fold own_fold;
    msq_keeping keeping;
    msq_stop *stop;
    int64_t max_rows, max_z, max_own;
    float *zeros, *room; /* a state; room for each row of each part */
    walker *walkers;     /* one per part */
    void *memory;        /* holds the arrays; NULL: they are on the desk */
} msq_rnn_job;

/* The statuses of msq_rnn_runs_f32 for arrays that do not fit. */
int msq_rnn_check(const msq_rnn_run *run, int64_t *bad_position);
/* Multiply-adds of the matrix products. */
double msq_rnn_work(const msq_rnn_job *job);
/* How many threads pay for jobs whose rnn, call and steps are set. */
int msq_rnn_threads(const msq_rnn_job *jobs, int count);
/* Room on the stack for a small job, such as a step of 128 units: malloc would take 0.2 us of 2. */
enum { MSQ_DESK_BYTES = 8 << 10 };
/* Plans such a job for that many, and makes room for it: on the desk (which may be NULL) if it is
 * small. MSQ_NO_MEMORY. */
int msq_rnn_start(msq_rnn_job *job, int num_threads, char *desk);
void msq_rnn_finish(msq_rnn_job *job);

/* Whether a thread of a region works on one of its jobs: on each, or on that of its team, as far as
 * the job has parts. Its number and that of all threads become those within the job. */
static inline int msq_rnn_takes_part(int job, int parts, int teams, int *thread, int *num_threads) {
    if (*num_threads % teams != 0)
        teams = 1;
    const int size = *num_threads / teams, own = teams == 1 || *thread / size == job;
    *thread %= size;
    *num_threads = size < parts ? size : parts;
    return own && *thread < *num_threads;
}

/* Sequences that are walked side by side. */
typedef struct msq_group {
    sequence *sequences;
    int64_t rows;
    int64_t join_step; /* from here on by all threads together; the longest length: never */
} msq_group;

/* The first of `count` sequences, by falling length, that are walked side by side: `most` of them;
 * and the step from which no more than `few` are left, which are walked together. */
msq_group msq_rnn_group(sequence *sequences, int64_t count, int64_t most, int64_t few);

/* How many sequences `parts` threads walk together, each a share of so many recurrent weights. */
int64_t msq_rnn_few(int64_t weights, int parts);
/* How many sequences one of `parts` threads walks side by side. */
int64_t msq_rnn_rows(int64_t batch, int parts, int64_t few);
void msq_rnn_sort(sequence *sequences, int64_t count);

/* The row of x that step `step` reads. */
static inline int64_t msq_row_of_step(const msq_rnn_call *call, int64_t step) {
    return call->index ? msq_bounded(&call->index[step], 0, call->x_rows - 1) : step;
}

/* The row of the outputs that step `step` writes. */
static inline int64_t msq_row_of_output(const msq_rnn_run *run, int64_t step) {
    return run->cells ? msq_bounded(&run->cells[step], 0, run->rows - 1) : step;
}

static inline int64_t msq_padded_units(const msq_rnn *rnn) {
    return rnn->blocks * rnn->kernels->width;
}

/* Two of h, and one of c or r * h where there is one. */
static inline int64_t msq_states_a_sequence(const msq_rnn *rnn) {
    return 2 + (rnn->kind == MSQ_LSTM || rnn->kind == MSQ_GRU_RESET_BEFORE);
}

#endif
