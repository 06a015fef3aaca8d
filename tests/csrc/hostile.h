/* What the files of `hostile` have in common. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <maskseq.h>
#include <rnn/rnn.h>

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define EXPECT(status, call)                                                                       \
    do {                                                                                           \
        const int got = (call);                                                                    \
        if (got != (status)) {                                                                     \
            fprintf(stderr, "%s:%d: status %d, expected %d\n", __FILE__, __LINE__, got, (status)); \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum { BATCH = 64, ROWS = 4096, TIME = 64, FEATURES = 3, UNITS = 8, CALLS = 1000 };

extern float x[ROWS * FEATURES], kernel[FEATURES * 4 * UNITS], recurrent[UNITS * 4 * UNITS];

/* Arrays that a thread changes for as long as `running`: sometimes one number is wrong. */
typedef struct {
    int64_t *offsets, *index, *few;
    atomic_int running;
} changing;

/* hostile_conv.c */
void run_convolved(const changing *c, float *h, float *y);
void convolved_sizes(void);

#endif
