/* Products over the rows of a batch, out = x^T dz, as the gradient of a kernel is. Threads share
 * the outputs, and each of these takes the rows in one order: chunks ascending, rows ascending in
 * each. Several products and sums over the same rows go chunk by chunk together: what they share of
 * a chunk is read from memory once. */
#include "arrays.h"
#include "backward.h"
#include "kernels.h"
#include "parallel.h"

#include <stdatomic.h>
#include <string.h>

enum {
    CHUNK = 96,   /* rows summed from 0: the error grows with CHUNK + rows / CHUNK */
    COLUMNS = 64, /* of a strip: a chunk of it stays in the L1 cache */
    INPUTS = 24,  /* of a part: whole tiles of every instruction set */
    TOGETHER = 6, /* parts whose inputs are gathered for all strips: they stay in the L2 cache */
    LANES = 16    /* of the widest vector */
};

typedef struct {
    const msq_outer *o;
    int turned; /* tiles are of out^T: few columns would leave lanes without work */
    int64_t wide, tall, strips, blocks; /* outputs of tiles in vectors, and in rows of tiles */
    int64_t before, items;              /* of the jobs before, and its own: tiles */
    _Atomic int64_t lowest_bad;
} job;

typedef struct {
    job jobs[MSQ_MAX_OUTERS];
    const msq_columns *sums;
    int count, num_sums;
    int64_t rows, items;
    msq_stop stop;
} pass;

/* The rows of a chunk that add something. */
typedef struct {
    const float *x[CHUNK], *dz[CHUNK];
    int64_t steps; /* -1: an index is wrong */
} chunk;

static void find_rows(job *j, chunk *c, int64_t first) {
    const msq_outer *const o = j->o;
    const int64_t last = o->rows - first < CHUNK ? o->rows : first + CHUNK;
    c->steps = 0;
    for (int64_t row = first; row < last; row++) {
        const int64_t from = o->index ? msq_read(&o->index[row]) : row;
        if (from == -1 && o->index)
            continue;
        if (from < 0 || from >= o->x_rows) {
            int64_t seen = atomic_load(&j->lowest_bad);
            while (row < seen && !atomic_compare_exchange_weak(&j->lowest_bad, &seen, row))
                ;
            c->steps = -1;
            return;
        }
        c->x[c->steps] = o->x + from * o->x_stride;
        c->dz[c->steps++] = o->dz + row * o->dz_stride;
    }
}

/* Tiles of out^T, put into their places one by one. */
static void add_turned(const msq_outer *o, msq_outer_part *part, int64_t column, int64_t input) {
    float sums[INPUTS * COLUMNS];
    const int adds = part->adds;
    part->out = sums, part->out_stride = COLUMNS, part->adds = 0;
    msq_kernels()->outer_part(part);
    for (int64_t i = 0; i < part->columns; i++) {
        float *const out = o->out + (input + i) * o->out_stride + column;
        for (int64_t c = 0; c < part->rows; c++)
            out[c] = adds ? out[c] + sums[c * COLUMNS + i] : sums[c * COLUMNS + i];
    }
}

static int64_t at_most(int64_t n, int64_t most) {
    return n < most ? n : most;
}

/* The inputs of a part, of each row of a chunk: `rows` floats, INPUTS apart. Where rows are a power
 * of two apart, few sets of the L1 cache would have to hold them all. */
static void gather(const job *j, const chunk *c, int64_t row, float *inputs) {
    const float *const *const from = j->turned ? c->dz : c->x;
    const int64_t rows = at_most(j->tall - row, INPUTS);
    if (rows == INPUTS)
        for (int64_t k = 0; k < c->steps; k++)
            memcpy(inputs + k * INPUTS, from[k] + row, INPUTS * sizeof *inputs);
    else
        for (int64_t k = 0; k < c->steps; k++)
            memcpy(inputs + k * INPUTS, from[k] + row, (size_t)rows * sizeof *inputs);
}

/* A part, without what differs from strip to strip. */
static msq_outer_part part_of(const job *j, const chunk *c, int adds, int64_t row) {
    return (msq_outer_part){.out_stride = j->o->out_stride,
                            .a_stride = INPUTS,
                            .b = j->turned ? c->x : c->dz,
                            .steps = c->steps,
                            .rows = at_most(j->tall - row, INPUTS),
                            .adds = adds};
}

static void run_part(const job *j, msq_outer_part *part, int64_t row, int64_t column) {
    const msq_outer *const o = j->o;
    part->out = o->out + row * o->out_stride + column;
    part->first = column;
    part->columns = at_most(j->wide - column, COLUMNS);
    if (j->turned)
        add_turned(o, part, row, column);
    else
        msq_kernels()->outer_part(part);
}

/* The tiles [begin, end) of a job, strip by strip. The first part of a strip fetches the next one,
 * which may be the first one of the next chunk. */
static void run_items(const job *j, const chunk *c, int adds, int64_t begin, int64_t end) {
    float inputs[TOGETHER][CHUNK * INPUTS];
    const int64_t first_strip = begin / j->blocks, last_strip = (end - 1) / j->blocks;
    const int64_t back = (first_strip - last_strip) * COLUMNS;
    const int64_t next_chunk = j->turned ? 0 : CHUNK * j->o->dz_stride + back;
    for (int64_t first = 0; first < j->blocks; first += TOGETHER) {
        const int64_t last = at_most(first + TOGETHER, j->blocks);
        for (int64_t block = first; block < last; block++)
            gather(j, c, block * INPUTS, inputs[block - first]);
        for (int64_t strip = first_strip; strip <= last_strip; strip++)
            for (int64_t block = first; block < last; block++) {
                const int64_t item = strip * j->blocks + block;
                if (item < begin || item >= end)
                    continue;
                msq_outer_part part = part_of(j, c, adds, block * INPUTS);
                part.a = inputs[block - first];
                if (block == first)
                    part.ahead = strip < last_strip ? COLUMNS
                                 : last < j->blocks ? back
                                                    : next_chunk;
                run_part(j, &part, block * INPUTS, strip * COLUMNS);
            }
    }
}

/* The numbers of the tiles of a job that a thread makes. */
static int64_t own_item(const pass *p, const job *j, int thread, int num_threads) {
    const int64_t item = msq_share(p->items, thread, num_threads) - j->before;
    return item < 0 ? 0 : at_most(item, j->items);
}

static void pass_body(void *context, int thread, int num_threads) {
    pass *const p = context;
    const int64_t items =
        msq_share(p->items, thread + 1, num_threads) - msq_share(p->items, thread, num_threads);
    chunk c;
    for (int64_t first = 0; first < p->rows; first += CHUNK) {
        if (msq_stops(&p->stop, thread, (double)items * CHUNK * COLUMNS * INPUTS))
            return;
        for (int i = 0; i < p->count; i++) {
            job *const j = &p->jobs[i];
            const int64_t begin = own_item(p, j, thread, num_threads);
            const int64_t end = own_item(p, j, thread + 1, num_threads);
            if (begin >= end)
                continue;
            find_rows(j, &c, first);
            if (c.steps < 0)
                return;
            run_items(j, &c, j->o->accumulate || first > 0, begin, end);
        }
        for (int i = 0; i < p->num_sums; i++)
            msq_add_columns(&p->sums[i], first, at_most(first + CHUNK, p->rows), p->rows, thread,
                            num_threads);
    }
}

/* 1 if more than a fifth of the lanes would have no work in rows of `columns`. */
static int wastes_lanes(int64_t columns) {
    return columns < COLUMNS && columns * 5 < (columns + LANES - 1) / LANES * LANES * 4;
}

/* 1 if the sizes and arrays of a call can be. */
static int fits(const msq_outer *o) {
    return o->rows >= 0 && o->x_rows >= 0 && o->inputs >= 0 && o->columns >= 0 &&
           (o->inputs < 2 || o->out_stride >= o->columns) &&
           !msq_missing(o->out, o->inputs, o->columns) &&
           !msq_missing(o->x, o->x_rows, o->inputs) && !msq_missing(o->dz, o->rows, o->columns);
}

static void set(job *j, const msq_outer *o, int64_t before) {
    const int turned = wastes_lanes(o->columns) && o->inputs >= LANES;
    *j = (job){.o = o,
               .turned = turned,
               .wide = turned ? o->inputs : o->columns,
               .tall = turned ? o->columns : o->inputs,
               .before = before,
               .lowest_bad = INT64_MAX};
    j->strips = j->wide / COLUMNS + (j->wide % COLUMNS > 0);
    j->blocks = j->tall / INPUTS + (j->tall % INPUTS > 0);
    j->items = j->strips * j->blocks;
    if (o->rows == 0)
        for (int64_t i = 0; i < o->inputs && !o->accumulate; i++)
            memset(o->out + i * o->out_stride, 0, (size_t)o->columns * sizeof(float));
}

int msq_outers_f32(const msq_outer *outers, int count, const msq_columns *sums, int num_sums,
                   int64_t rows, int *bad_outer, int64_t *bad_position, int num_threads) {
    pass p = {.sums = sums, .count = count, .num_sums = num_sums, .rows = rows};
    double fmas = 0;
    *bad_position = 0;
    for (*bad_outer = 0; *bad_outer < count; ++*bad_outer) {
        const msq_outer *const o = &outers[*bad_outer];
        if (o->size != sizeof *o)
            return MSQ_UNSUPPORTED;
        if (!fits(o) || o->rows != rows)
            return MSQ_OUT_OF_RANGE;
        set(&p.jobs[*bad_outer], o, p.items);
        p.items += p.jobs[*bad_outer].items;
        fmas += (double)rows * (double)o->inputs * (double)o->columns;
    }
    msq_parallel(msq_plan_threads(num_threads, p.items ? p.items : 1, fmas, MSQ_FMAS_PER_THREAD),
                 pass_body, &p);
    for (*bad_outer = 0; *bad_outer < count; ++*bad_outer)
        if (p.jobs[*bad_outer].lowest_bad < INT64_MAX) {
            *bad_position = p.jobs[*bad_outer].lowest_bad;
            return MSQ_OUT_OF_RANGE;
        }
    return atomic_load(&p.stop.stopped) ? MSQ_INTERRUPTED : MSQ_OK;
}

int msq_outer_f32(const msq_outer *o, int64_t *bad_position, int num_threads) {
    int bad_outer;
    *bad_position = 0;
    if (o->size != sizeof *o)
        return MSQ_UNSUPPORTED;
    return msq_outers_f32(o, 1, NULL, 0, o->rows, &bad_outer, bad_position, num_threads);
}
