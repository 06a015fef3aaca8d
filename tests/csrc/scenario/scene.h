/* What a made-up call is built from: choices and arrays out of bytes, and outputs written twice. */
#ifndef SCENE_H
#define SCENE_H

#include <stddef.h>
#include <stdint.h>

enum { MAX_ARRAYS = 56 };

typedef struct {
    const uint8_t *data;
    size_t left;
    void *arrays[MAX_ARRAYS]; /* all that was allocated */
    int num_arrays;
    int no_memory;
    uint64_t hash; /* of statuses and outputs */
} scene;

/* Choices: the bytes one after another, then zeros. */
uint8_t byte(scene *s);
int64_t between(scene *s, int64_t low, int64_t high);

/* Arrays of exactly that many items; NULL, and s->no_memory, if there is no memory left. */
void *array(scene *s, int64_t count, size_t item); /* not initialised */
float *floats(scene *s, int64_t n);
uint8_t *bits(scene *s, int64_t n);
/* Offsets of a batch whose sequences have up to `longest` rows; sometimes wrong ones. */
int64_t *offsets_of(scene *s, int64_t batch, int64_t longest);
/* Indices from 0 to end - 1; sometimes a wrong one. */
int64_t *indices(scene *s, int64_t n, int64_t end);

/* What a function writes: twice, for one thread and for several. */
typedef struct {
    void *one, *many;
    size_t bytes;
} output;

output out(scene *s, int64_t count, size_t item);

/* Each aborts if one thread and several differ, and adds what they gave to the hash. */
_Noreturn void fail(const char *what);
void same(scene *s, const char *what, output o);
void same_floats(scene *s, const char *what, output o); /* any NaN is as good as another */
int both_ok(scene *s, int one, int many);               /* 1 if MSQ_OK: the outputs count */

/* All scenes, void scene_<name>(scene *s): one call each, or a few that belong together. */
#define SCENES(X)                                                                                  \
    X(ids)                                                                                         \
    X(layout)                                                                                      \
    X(gather)                                                                                      \
    X(lengths)                                                                                     \
    X(pad)                                                                                         \
    X(softmax)                                                                                     \
    X(activation)                                                                                  \
    X(dense)                                                                                       \
    X(rnn)                                                                                         \
    X(attention)                                                                                   \
    X(elementary)                                                                                  \
    X(rowwise)                                                                                     \
    X(outer)                                                                                       \
    X(step)                                                                                        \
    X(crf)                                                                                         \
    X(ctc)                                                                                         \
    X(rnn_back)                                                                                    \
    X(conv)                                                                                        \
    X(low)
#define DECLARE(name) void scene_##name(scene *s);
SCENES(DECLARE)

#endif
