/* Normalization of groups of features over all cells of a sequence: threads share the sequences.
 *
 * Cells of the same bits at the start and at the end of a sequence are added at once, as padding
 * is in the middle of none. So sequences whose masked cells lie in one row take the time of their
 * real steps, and their bits are those of the padded array. Sums are made in float32 about a guess
 * of the mean, a few rows at a time, and these in float64; once more, about the mean of that, if
 * the guess was far off; where float32 does not hold the squares, all is float64. */
#include "arrays.h"
#include "kernels.h"
#include "parallel.h"
#include "values.h"

#include <math.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Values for which one more thread pays: about 13 us of work. */
enum { GRAIN = 1 << 16 };

typedef struct {
    float *y;
    const float *x;
    const msq_groups *groups;
    int64_t rows, batch;
    double *room; /* for each thread: sums, squares, means and four rows of floats */
    atomic_int bad;
} groups_job;

/* Rows of a sequence; the first of them shows `lead` times more, the last one `trail` times. */
typedef struct {
    const float *first, *middle, *last;
    int64_t lead, rows, trail;
} cells;

typedef struct {
    double *sum, *squares, *mean; /* of each feature, but means of its group */
    float *shift, *rounded, *scale, *offset;
} numbers;

static int64_t room_of(int64_t features) {
    return 5 * features; /* three rows of doubles, four of floats */
}

static numbers numbers_in(double *room, int64_t features) {
    float *const floats = (float *)(room + 3 * features);
    return (numbers){.sum = room,
                     .squares = room + features,
                     .mean = room + 2 * features,
                     .shift = floats,
                     .rounded = floats + features,
                     .scale = floats + 2 * features,
                     .offset = floats + 3 * features};
}

/* The cells of a sequence of n real rows, with `before` and `after` pads around them. */
static cells trimmed(const float *x, int64_t n, const float *pad, int64_t before, int64_t after,
                     int64_t features) {
    const size_t bytes = (size_t)features * sizeof *x;
    cells c = {.first = before ? pad : x, .lead = before, .last = after ? pad : NULL};
    for (; n > 0 && !memcmp(x, c.first, bytes); n--, x += features)
        c.lead++;
    if (n == 0 && after && c.lead && !memcmp(pad, c.first, bytes)) {
        c.lead += after;
        after = 0;
    }
    if (!after && n > 0)
        c.last = x + (n - 1) * features;
    for (c.trail = after; n > 0 && !memcmp(x + (n - 1) * features, c.last, bytes); n--)
        c.trail++;
    c.middle = x;
    c.rows = n;
    return c;
}

/* Sums of each feature, if all rows between the ends were like the one in their middle. */
static void guess_sums(const numbers *of, const cells *c, int64_t features) {
    const double lead = (double)c->lead, rows = (double)c->rows, trail = (double)c->trail;
    const float *const first = c->lead ? c->first : c->last;
    const float *const middle = c->rows ? c->middle + c->rows / 2 * features : first;
    const float *const last = c->trail ? c->last : first;
    for (int64_t f = 0; f < features; f++)
        of->sum[f] = lead * (double)first[f] + rows * (double)middle[f] + trail * (double)last[f];
}

/* Sums of x - shift, and of its square, of each feature. */
static void add_cells(const numbers *of, const cells *c, int64_t features) {
    msq_add_moments_fn *const add = msq_kernels()->add_moments;
    memset(of->sum, 0, (size_t)(2 * features) * sizeof *of->sum); /* and the squares behind them */
    if (c->lead)
        add(of->sum, of->squares, c->first, 1, features, of->shift, (double)c->lead);
    if (c->trail)
        add(of->sum, of->squares, c->last, 1, features, of->shift, (double)c->trail);
    add(of->sum, of->squares, c->middle, c->rows, features, of->shift, 1);
}

/* The same in float64, about the means. */
static void add_doubles(const numbers *of, const cells *c, int64_t features) {
    for (int64_t f = 0; f < features; f++) {
        const double first = c->lead ? (double)c->first[f] - of->mean[f] : 0;
        const double last = c->trail ? (double)c->last[f] - of->mean[f] : 0;
        double sum = (double)c->lead * first + (double)c->trail * last;
        double squares = (double)c->lead * (first * first) + (double)c->trail * (last * last);
        for (int64_t r = 0; r < c->rows; r++) {
            const double apart = (double)c->middle[r * features + f] - of->mean[f];
            sum += apart;
            squares += apart * apart;
        }
        of->sum[f] = sum;
        of->squares[f] = squares;
    }
}

/* In four chains, so that none waits for the one before. */
static double total(const double *x, int64_t n) {
    double sums[4] = {0};
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; k++)
            sums[k] += x[i + k];
    for (; i < n; i++)
        sums[0] += x[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* The means of groups: what the sums are about, and the mean of these. */
static void add_means(const numbers *of, int64_t features, int64_t size, double count) {
    for (int64_t f = 0; f < features; f += size) {
        const double more = total(of->sum + f, size) / count;
        for (int64_t i = f; i < f + size; i++)
            of->mean[i] += more;
    }
}

/* Mean and variance of each group: scale, and the mean rounded. Returns 0 if float32 does not hold
 * the squares of one, or most of them is that they are not about the mean. */
static int scales(const numbers *of, const msq_groups *g, double count) {
    const int64_t features = g->features, size = features / g->groups;
    int fits = 1;
    for (int64_t f = 0; f < features; f += size) {
        const double sum = total(of->sum + f, size), rest = sum / count;
        const double squares = total(of->squares + f, size) - sum * rest;
        const double mean = of->mean[f] + rest;
        const float scale = (float)(1 / sqrt((squares < 0 ? 0 : squares) / count + g->epsilon));
        fits &= squares > 1e-30 && squares < 1e30 && sum * rest < 4 * squares;
        for (int64_t i = f; i < f + size; i++) {
            of->rounded[i] = (float)mean;
            of->scale[i] = scale;
        }
    }
    for (int64_t f = 0; f < features && g->gamma; f++)
        of->scale[f] *= g->gamma[f];
    return fits;
}

static void find_scales(const numbers *of, const cells *c, const msq_groups *g) {
    const int64_t features = g->features, size = features / g->groups;
    const double count = (double)g->time * (double)size;
    memset(of->mean, 0, (size_t)features * sizeof *of->mean);
    guess_sums(of, c, features);
    for (int again = 0; again < 2; again++) {
        add_means(of, features, size, count);
        for (int64_t f = 0; f < features; f++) {
            of->shift[f] = (float)of->mean[f];
            of->mean[f] = (double)of->shift[f];
        }
        add_cells(of, c, features);
        if (scales(of, g, count))
            return;
    }
    memset(of->mean, 0, (size_t)features * sizeof *of->mean);
    add_doubles(of, c, features);
    add_means(of, features, size, count);
    add_doubles(of, c, features);
    scales(of, g, count);
}

/* 0: the offsets are not those of sequences of `time` cells. */
static int one_sequence(const groups_job *job, const numbers *of, int64_t b) {
    const msq_groups *const g = job->groups;
    const int64_t features = g->features, time = g->time;
    int64_t begin = b * time, end = begin + time, before = 0;
    const float *pad = NULL;
    if (g->offsets) {
        const int64_t steps = job->rows - g->pads;
        begin = msq_read(&g->offsets[b]);
        end = msq_read(&g->offsets[b + 1]);
        if (begin < 0 || end < begin || end > steps || end - begin > time || (b == 0 && begin) ||
            (b == job->batch - 1 && end < steps))
            return 0;
        before = g->starts ? msq_bounded(&g->starts[b], 0, time - (end - begin)) : 0;
        pad = job->x + (steps + (g->pads > 1 ? b : 0)) * features;
    }
    const int64_t n = end - begin, after = time - n - before;
    const float *const x = job->x + begin * features;
    const cells c = trimmed(x, n, pad, before, after, features);
    find_scales(of, &c, g);
    msq_kernels()->scale_rows(job->y + begin * features, x, n, features, of->rounded, of->scale,
                              of->offset);
    if (pad)
        msq_kernels()->scale_rows(job->y + (job->rows - g->pads + b) * features, pad, 1, features,
                                  of->rounded, of->scale, of->offset);
    return 1;
}

static void groups_body(void *context, int thread, int num_threads) {
    groups_job *const job = context;
    const int64_t features = job->groups->features;
    const numbers of = numbers_in(job->room + thread * room_of(features), features);
    for (int64_t f = 0; f < features; f++)
        of.offset[f] = job->groups->beta ? job->groups->beta[f] : 0;
    const int64_t end = msq_share(job->batch, thread + 1, num_threads);
    for (int64_t b = msq_share(job->batch, thread, num_threads); b < end; b++)
        if (!one_sequence(job, &of, b))
            atomic_store(&job->bad, 1);
}

int msq_normalize_groups_f32(float *y, const float *x, int64_t rows, int64_t batch,
                             const msq_groups *groups, int num_threads) {
    const msq_groups g = *groups;
    if (rows < 0 || batch < 0 || g.time < 0 || g.features < 0 || g.groups < 1 ||
        g.features % g.groups || (!g.offsets && rows != batch * g.time) ||
        (g.offsets && ((g.pads != 1 && g.pads != batch) || rows < g.pads)))
        return MSQ_OUT_OF_RANGE;
    if (!batch || !g.features || !g.time) {
        if (g.offsets && rows == g.pads)
            memset(y, 0, (size_t)(batch * g.features) * sizeof *y);
        return rows == (g.offsets ? g.pads : 0) || !g.features ? MSQ_OK : MSQ_OUT_OF_RANGE;
    }
    const double values = (double)rows * (double)g.features;
    const int threads = msq_plan_threads(num_threads, batch, values, GRAIN);
    groups_job job = {.y = y, .x = x, .groups = &g, .rows = rows, .batch = batch};
    job.room = malloc((size_t)threads * (size_t)room_of(g.features) * sizeof *job.room);
    if (!job.room)
        return MSQ_NO_MEMORY;
    msq_parallel(threads, groups_body, &job);
    free(job.room);
    return job.bad ? MSQ_OUT_OF_RANGE : MSQ_OK;
}
