/* Steps of optimizers: one pass over each weight and what is kept of it. Threads share the values
 * of all weights. */
#include "backward.h"

#include "arrays.h"
#include "kernels.h"
#include "parallel.h"

enum { GRAIN = 1 << 15 /* values for which one more thread pays */ };

static const struct {
    const char *name;
    int slots, numbers;
    int only_rows; /* 1: rows without a gradient stay, where the gradient is of some rows */
} rules[MSQ_RULES] = {
    [MSQ_STAY] = {"stay", 0, 0, 1},
    [MSQ_SGD] = {"sgd", 0, 1, 1},
    [MSQ_MOMENTUM] = {"momentum", 1, 2, 0},
    [MSQ_NESTEROV] = {"nesterov", 1, 2, 0},
    [MSQ_RMSPROP] = {"rmsprop", 1, 4, 0},
    [MSQ_RMSPROP_MOMENTUM] = {"rmsprop_momentum", 2, 5, 0},
    [MSQ_RMSPROP_CENTERED] = {"rmsprop_centered", 2, 4, 0},
    [MSQ_RMSPROP_BOTH] = {"rmsprop_both", 3, 5, 0},
    [MSQ_ADAM] = {"adam", 2, 4, 0},
    [MSQ_ADAM_LARGEST] = {"adam_largest", 3, 4, 0},
    [MSQ_ADAMAX] = {"adamax", 2, 5, 0},
    [MSQ_NADAM] = {"nadam", 2, 9, 0},
    [MSQ_ADAGRAD] = {"adagrad", 1, 2, 1},
    [MSQ_ADADELTA] = {"adadelta", 2, 4, 0},
    [MSQ_LION] = {"lion", 1, 5, 0},
};

const char *msq_rule_name(int rule) {
    return rule >= 0 && rule < MSQ_RULES ? rules[rule].name : NULL;
}

int msq_rule_slots(int rule) {
    return rules[rule].slots;
}

int msq_rule_numbers(int rule) {
    return rules[rule].numbers;
}

typedef struct {
    const msq_update *updates;
    int64_t count, n;
    msq_rule rule, of_others; /* of_others: of rows that have no gradient */
    const float *numbers;
} job;

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* Values [first, end) of a weight; g: their gradient. */
static void step_part(const msq_update *u, int64_t first, int64_t end, const float *g,
                      msq_rule rule, const float *numbers) {
    msq_update part = *u;
    part.w += first, part.new_w += first, part.n = end - first, part.g = g;
    for (int k = 0; k < MSQ_MAX_SLOTS && part.slots[k]; k++)
        part.slots[k] += first, part.new_slots[k] += first;
    msq_kernels()->update[rule](&part, numbers);
}

/* The same where the gradient has some rows only. */
static void step_rows(const job *j, const msq_update *u, int64_t first, int64_t end) {
    int64_t row = 0, above = u->rows; /* row: of g, the first that does not end before `first` */
    while (row < above) {
        const int64_t middle = row + (above - row) / 2;
        if ((u->ids[middle] + 1) * u->features > first)
            above = middle;
        else
            row = middle + 1;
    }
    while (first < end) {
        const int64_t start = row < u->rows ? smaller(u->ids[row] * u->features, end) : end;
        if (first < start) {
            step_part(u, first, start, NULL, j->of_others, j->numbers);
            first = start;
            continue;
        }
        const int64_t inside = first - start, stop = smaller(start + u->features, end);
        step_part(u, first, stop, u->g + row++ * u->features + inside, j->rule, j->numbers);
        first = stop;
    }
}

static void update_body(void *context, int thread, int num_threads) {
    const job *const j = context;
    int64_t first = msq_share(j->n, thread, num_threads);
    int64_t left = msq_share(j->n, thread + 1, num_threads) - first;
    for (const msq_update *u = j->updates; left > 0; u++) {
        if (first >= u->n) {
            first -= u->n;
            continue;
        }
        const int64_t end = smaller(u->n, first + left);
        if (u->ids)
            step_rows(j, u, first, end);
        else
            step_part(u, first, end, u->g ? u->g + first : NULL, j->rule, j->numbers);
        left -= end - first;
        first = 0;
    }
}

static int are_rows(const msq_update *u) {
    if (!u->ids)
        return 1;
    if (u->rows < 0 || u->features < 0 || (u->features ? u->n % u->features : u->n))
        return 0;
    const int64_t rows = u->features ? u->n / u->features : INT64_MAX;
    for (int64_t i = 0; i < u->rows; i++)
        if (u->ids[i] < (i ? u->ids[i - 1] + 1 : 0) || u->ids[i] >= rows)
            return 0;
    return 1;
}

int msq_update_f32(const msq_update *updates, int64_t count, msq_rule rule, const float *numbers,
                   int num_threads) {
    job j = {updates, count, 0, rule, rules[rule].only_rows ? MSQ_STAY : rule, numbers};
    for (int64_t i = 0; i < count; i++) {
        if (updates[i].n < 0 || !are_rows(updates + i))
            return MSQ_OUT_OF_RANGE;
        j.n += updates[i].n;
    }
    msq_parallel(msq_plan_threads(num_threads, j.n, (double)j.n, GRAIN), update_body, &j);
    return MSQ_OK;
}

int msq_optimizer_f32(float *w, float *slot_0, float *slot_1, float *slot_2, const float *g,
                      int64_t n, int rule, const float *numbers, int count, int num_threads) {
    float *const slots[MSQ_MAX_SLOTS] = {slot_0, slot_1, slot_2};
    msq_update update = {.w = w, .new_w = w, .g = g, .n = n};
    if (rule < 0 || rule >= MSQ_RULES || count != rules[rule].numbers ||
        msq_missing(numbers, count, 1) || msq_missing(w, n, 1) || msq_missing(g, n, 1))
        return MSQ_OUT_OF_RANGE;
    for (int k = 0; k < rules[rule].slots; k++) {
        if (msq_missing(slots[k], n, 1))
            return MSQ_OUT_OF_RANGE;
        update.slots[k] = update.new_slots[k] = slots[k];
    }
    return msq_update_f32(&update, 1, (msq_rule)rule, numbers, num_threads);
}
