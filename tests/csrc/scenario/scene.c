#include "scene.h"

#include <maskseq.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint8_t byte(scene *s) {
    if (s->left == 0)
        return 0;
    s->left--;
    return *s->data++;
}

int64_t between(scene *s, int64_t low, int64_t high) {
    return low + byte(s) % (high - low + 1);
}

void *array(scene *s, int64_t count, size_t item) {
    void *const memory = malloc((size_t)count * item + (count == 0));
    s->no_memory |= !memory || s->num_arrays == MAX_ARRAYS;
    if (s->num_arrays < MAX_ARRAYS)
        s->arrays[s->num_arrays++] = memory;
    return s->no_memory ? NULL : memory;
}

float *floats(scene *s, int64_t n) {
    static const float special[] = {0,    -0.0f,    1e-40f,    3e38f, -3e38f,
                                    1.0f, INFINITY, -INFINITY, NAN,   -1.0f};
    float *const x = array(s, n, sizeof *x);
    for (int64_t i = 0; x && i < n; i++) {
        const uint8_t b = byte(s);
        x[i] = b >= 246 ? special[b - 246] : (float)(b - 120) / 32.0f;
    }
    return x;
}

uint8_t *bits(scene *s, int64_t n) {
    uint8_t *const mask = array(s, n, 1);
    for (int64_t i = 0; mask && i < n; i++)
        mask[i] = byte(s) % 3 != 0;
    return mask;
}

int64_t *offsets_of(scene *s, int64_t batch, int64_t longest) {
    int64_t *const offsets = array(s, batch + 1, sizeof *offsets);
    for (int64_t b = 0; offsets && b <= batch; b++)
        offsets[b] = b == 0 ? 0 : offsets[b - 1] + between(s, 0, longest);
    if (offsets && byte(s) >= 250)
        offsets[between(s, 0, batch)] += between(s, 0, 16) - 8;
    return offsets;
}

int64_t *indices(scene *s, int64_t n, int64_t end) {
    int64_t *const index = array(s, n, sizeof *index);
    for (int64_t i = 0; index && i < n; i++)
        index[i] = end > 0 ? between(s, 0, end < 250 ? end - 1 : 249) : 0;
    if (index && n > 0 && byte(s) >= 250)
        index[between(s, 0, n < 200 ? n - 1 : 199)] = byte(s) % 2 ? INT64_MIN : end;
    return index;
}

output out(scene *s, int64_t count, size_t item) {
    output o = {array(s, count, item), array(s, count, item), (size_t)count * item};
    return o;
}

_Noreturn void fail(const char *what) {
    fprintf(stderr, "scenario: %s differs between one thread and several\n", what);
    abort();
}

void same(scene *s, const char *what, output o) {
    if (memcmp(o.one, o.many, o.bytes) != 0)
        fail(what);
    for (size_t i = 0; i < o.bytes; i++)
        s->hash = (s->hash ^ ((const uint8_t *)o.one)[i]) * UINT64_C(1099511628211);
}

/* Which of two NaNs an operation keeps is not promised: one for all. */
static void make_nans_one(float *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (isnan(x[i]))
            x[i] = NAN;
}

void same_floats(scene *s, const char *what, output o) {
    make_nans_one(o.one, o.bytes / sizeof(float));
    make_nans_one(o.many, o.bytes / sizeof(float));
    same(s, what, o);
}

int both_ok(scene *s, int one, int many) {
    if (one == MSQ_NO_MEMORY || many == MSQ_NO_MEMORY) {
        s->no_memory = 1;
        return 0;
    }
    if (one != many)
        fail("status");
    s->hash = (s->hash ^ (uint64_t)one) * UINT64_C(1099511628211);
    return one == MSQ_OK;
}
