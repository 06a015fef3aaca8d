/* A convolutional LSTM. A step of a sequence is some rows of features, and a state is one row for
 * each window of these. A row's gates are those of an LSTM whose input is its window of the step,
 * and whose state is a window around it of the state before. A state lies between zeros, so that
 * its windows are floats side by side and the kernels of recurrent layers read them where they are.
 * Threads take sequences in turn. */
#include "internal.h"

#include "gemm.h"
#include "parallel.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_ROWS = 96 }; /* windows of steps that are multiplied together */

/* What a thread has for the sequence that it walks. */
typedef struct {
    float *h[2];                        /* a state before and after a step, between zeros */
    float *c, *z, *copies, *gates;      /* copies: of windows */
    const float **x, **z_rows, **in[2]; /* of each row: its window, of a chunk; and of h */
    float **out[2], **c_rows;           /* where its h and c are */
} room;

typedef struct {
    const msq_rnn_run *run;
    const msq_windows *windows;
    int64_t rows, chunk;    /* rows of a state; steps that are multiplied together */
    int64_t before, floats; /* of a state: zeros in front of it, and its floats with all zeros */
    int64_t *places;        /* (rows, size): rows of a step that each window reads, -1: zeros */
    uint8_t *whole;         /* (rows): 1: these are side by side */
    room *rooms;            /* of each thread */
    float *memory;          /* their arrays */
    const float **pointers;
    _Atomic int64_t next; /* the sequence that a thread takes next */
    msq_stop stop;
} job;

/* Where the window of a row lies in a step, or the copy of it. */
static const float *find_window(const job *j, const float *step, int64_t row, float *copy) {
    const int64_t size = j->windows->size, width = j->run->rnn->features / size;
    const int64_t *const places = j->places + row * size;
    if (j->whole[row])
        return step + places[0] * width;
    msq_copy_window(copy, step, places, size, width, width);
    return copy;
}

/* The input's part of the gates for `count` steps, from number `first` on, forwards or back. */
static void project(const job *j, const room *r, int64_t first, int64_t count) {
    const msq_rnn *const rnn = j->run->rnn;
    const msq_rnn_call *const call = &j->run->call;
    const int64_t values = j->windows->time * (rnn->features / j->windows->size);
    for (int64_t i = 0, n = 0; i < count; i++) {
        const int64_t number = call->reverse ? first - i : first + i;
        const float *const step = call->x + msq_row_of_step(call, number) * values;
        for (int64_t row = 0; row < j->rows; row++, n++)
            r->x[n] = find_window(j, step, row, r->copies + n * rnn->features);
    }
    msq_rnn_input(
        rnn,
        (msq_product){.z = r->z, .x = r->x, .rows = count * j->rows, .last_block = rnn->blocks},
        NULL);
}

/* Step t of a sequence, the i-th of its chunk; its h goes to the outputs as that of `number`. */
static void advance(const job *j, const room *r, int64_t t, int64_t i, int64_t number) {
    const msq_rnn *const rnn = j->run->rnn;
    const msq_rnn_call *const call = &j->run->call;
    const int from = t & 1, from_zeros = t == 0 && !call->initial_h && rnn->finite;
    rnn->step(&(msq_step){.rnn = rnn,
                          .rows = j->rows,
                          .last_block = rnn->blocks,
                          .backwards = from,
                          .depth = from_zeros ? 0 : rnn->depth,
                          .z = r->z_rows + i * j->rows,
                          .h = r->in[from],
                          .x = r->in[from],
                          .h_next = r->out[!from],
                          .c = r->c_rows,
                          .gates = r->gates});
    if (call->sequences)
        memcpy(call->sequences + msq_row_of_output(j->run, number) * call->sequence_stride,
               r->h[!from] + j->before, (size_t)(j->rows * rnn->units) * sizeof(float));
}

/* Copies c, whose rows are whole blocks in a room. */
static void copy_cells(const job *j, float *to, int64_t to_stride, const float *from,
                       int64_t from_stride) {
    for (int64_t row = 0; row < j->rows; row++)
        memcpy(to + row * to_stride, from + row * from_stride,
               (size_t)j->run->rnn->units * sizeof *to);
}

static void run_sequence(job *j, const room *r, int64_t b, int thread) {
    const msq_rnn *const rnn = j->run->rnn;
    const msq_rnn_call *const call = &j->run->call;
    const int64_t values = j->rows * rnn->units, padded = msq_padded_units(rnn);
    const size_t bytes = (size_t)values * sizeof(float);
    const int64_t start = msq_bounded(&call->offsets[b], 0, j->run->steps);
    const int64_t length = msq_bounded(&call->offsets[b + 1], start, j->run->steps) - start;
    const double fmas = (double)(rnn->columns * j->rows) * (double)(rnn->features + rnn->depth);
    memset(r->h[0] + j->before, 0, bytes);
    memset(r->c, 0, (size_t)(j->rows * padded) * sizeof(float));
    if (call->initial_h)
        memcpy(r->h[0] + j->before, call->initial_h + b * values, bytes);
    if (call->initial_c)
        copy_cells(j, r->c, padded, call->initial_c + b * values, rnn->units);
    for (int64_t t = 0; t < length;) {
        const int64_t count = length - t < j->chunk ? length - t : j->chunk;
        if (msq_stops(&j->stop, thread, fmas * (double)count))
            return;
        const int64_t first = call->reverse ? start + length - 1 - t : start + t;
        project(j, r, first, count);
        for (int64_t i = 0; i < count; i++, t++)
            advance(j, r, t, i, call->reverse ? first - i : first + i);
    }
    memcpy(call->h + b * values, r->h[length & 1] + j->before, bytes);
    copy_cells(j, call->c + b * values, rnn->units, r->c, padded);
}

static void run_thread(void *context, int thread, int num_threads) {
    job *const j = context;
    (void)num_threads;
    for (int64_t b; (b = atomic_fetch_add(&j->next, 1)) < j->run->call.batch;)
        run_sequence(j, &j->rooms[thread], b, thread);
}

/* Cuts a thread's arrays from *memory and *pointers, and moves these on. */
static room make_room(const job *j, float **memory, const float ***pointers) {
    const msq_rnn *const rnn = j->run->rnn;
    const int64_t padded = msq_padded_units(rnn), all = j->rows * j->chunk;
    const int64_t sizes[] = {j->floats,          j->floats,
                             j->rows * padded,   all * rnn->features,
                             all * rnn->columns, j->rows * padded * rnn->gates};
    float *cut[6];
    for (int i = 0; i < 6; i++) {
        cut[i] = *memory;
        *memory += (sizes[i] + 15) / 16 * 16;
    }
    const float **const p = *pointers;
    room r = {.h = {cut[0], cut[1]}, .c = cut[2], .copies = cut[3], .z = cut[4], .gates = cut[5]};
    r.x = p, r.z_rows = p + all, r.in[0] = p + 2 * all, r.in[1] = r.in[0] + j->rows;
    r.out[0] = (float **)(r.in[1] + j->rows), r.out[1] = r.out[0] + j->rows;
    r.c_rows = r.out[1] + j->rows;
    *pointers += 2 * all + 5 * j->rows;
    memset(r.h[0], 0, (size_t)j->floats * sizeof(float));
    memset(r.h[1], 0, (size_t)j->floats * sizeof(float));
    for (int64_t i = 0; i < all; i++)
        r.z_rows[i] = r.z + i * rnn->columns;
    for (int64_t row = 0; row < j->rows; row++) {
        r.c_rows[row] = r.c + row * padded;
        for (int i = 0; i < 2; i++) {
            r.in[i][row] = r.h[i] + row * rnn->units;
            r.out[i][row] = r.h[i] + j->before + row * rnn->units;
        }
    }
    return r;
}

/* Room for each of some threads, and the places of the windows. */
static int allocate(job *j, int num_threads) {
    const msq_rnn *const rnn = j->run->rnn;
    const int64_t size = j->windows->size, padded = msq_padded_units(rnn);
    int64_t most = rnn->columns + rnn->features + 2 * rnn->depth + (rnn->gates + 1) * padded + 96;
    int64_t pointers = 2 * j->chunk + 5, places = size;
    if (msq_multiply(&most, j->rows * j->chunk) || msq_multiply(&most, num_threads) ||
        msq_multiply(&pointers, j->rows) || msq_multiply(&pointers, num_threads) ||
        msq_multiply(&places, j->rows))
        return MSQ_NO_MEMORY;
    j->memory = msq_allocate(most);
    j->pointers = malloc((size_t)pointers * sizeof *j->pointers);
    j->places = malloc((size_t)places * sizeof *j->places);
    j->whole = malloc((size_t)j->rows);
    j->rooms = malloc((size_t)num_threads * sizeof *j->rooms);
    if (!j->memory || !j->pointers || !j->places || !j->whole || !j->rooms)
        return MSQ_NO_MEMORY;
    float *memory = j->memory;
    const float **cut = j->pointers;
    for (int thread = 0; thread < num_threads; thread++)
        j->rooms[thread] = make_room(j, &memory, &cut);
    for (int64_t row = 0; row < j->rows; row++)
        j->whole[row] = (uint8_t)msq_window_rows(j->windows, row, j->places + row * size);
    return MSQ_OK;
}

/* 1 if a layer, its windows and what a call is to write fit together. */
static int fits(const msq_rnn_run *run, const msq_windows *w) {
    const msq_rnn *const rnn = run->rnn;
    return rnn->kind == MSQ_LSTM && !rnn->low && !run->kept && !run->keep && run->call.batch >= 0 &&
           msq_check_windows(w) == MSQ_OK && w->batch == 1 && !w->made && !w->row_of &&
           w->count > 0 && rnn->features % w->size == 0 && rnn->depth % rnn->units == 0;
}

int msq_conv_lstm_f32(const msq_rnn_run *run, const msq_windows *windows, int64_t *bad_position) {
    const msq_rnn *const rnn = run->rnn;
    *bad_position = run->call.batch;
    if (!fits(run, windows))
        return MSQ_UNSUPPORTED;
    int status = msq_rnn_check(run, bad_position);
    if (status != MSQ_OK)
        return status;
    const int64_t around = rnn->depth - rnn->units; /* zeros, at both ends together */
    job j = {.run = run, .windows = windows, .rows = windows->count};
    j.before = around / rnn->units / 2 * rnn->units;
    j.floats = j.rows * rnn->units + around;
    j.chunk = j.rows < CHUNK_ROWS ? CHUNK_ROWS / j.rows : 1;
    const double work = (double)run->steps * (double)j.rows * (double)rnn->columns *
                        (double)(rnn->features + rnn->depth);
    const int threads =
        msq_plan_threads(run->call.num_threads, run->call.batch, work, MSQ_FMAS_PER_THREAD);
    status = allocate(&j, threads);
    if (status == MSQ_OK)
        msq_parallel(threads, run_thread, &j);
    msq_aligned_free(j.memory);
    free(j.pointers);
    free(j.places);
    free(j.whole);
    free(j.rooms);
    return j.stop.stopped ? MSQ_INTERRUPTED : status;
}
