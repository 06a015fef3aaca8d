/* Threads for the drivers in csrc/. One parallel region a call; never nested. */
#ifndef MSQ_PARALLEL_H
#define MSQ_PARALLEL_H

#include <stdatomic.h>
#include <stdint.h>

enum { MSQ_MAX_THREADS = 1024 };

/* Runs on every thread of a region; `thread` in [0, num_threads). */
typedef void msq_body_fn(void *context, int thread, int num_threads);

/* How many threads a call should use: `requested` (<= 0: the default), but no more than `parts` of
 * work that can be done side by side, nor than one for every `grain` of `work`; at least 1, and 1
 * in a forked child. */
int msq_plan_threads(int requested, int64_t parts, double work, double grain);

/* The grain of products: about 20 us of work, several times the cost of a parallel region. */
enum { MSQ_FMAS_PER_THREAD = 1 << 20 };

/* The same for products whose parts need no meeting, of which a model makes many, one after the
 * other: one more thread pays for an eighth of the grain, twice the cost of a region. */
int msq_plan_products(int requested, int64_t parts, double fmas);

/* Calls body(context, t, n) on n threads at once and returns when all are done. n is num_threads,
 * or less where the OpenMP runtime gives less: the body must split its work by the n it gets. */
void msq_parallel(int num_threads, msq_body_fn *body, void *context);

/* Lets the interrupt check end a call of several threads. Zeros at the start. */
typedef struct msq_stop {
    atomic_int stopped;
    double fmas; /* done since thread 0 looked at the clock */
    int64_t next_check;
} msq_stop;

/* Every thread calls this between pieces of work, `fmas` each: 1 if the call should end. Thread 0
 * is the one that called, and runs the interrupt check when it is time. */
int msq_stops(msq_stop *stop, int thread, double fmas);

/* Where the threads of a region meet: no thread passes before all `num_threads` have come. */
typedef struct msq_barrier {
    atomic_int arrived, round, slow;
    int was_slow;
} msq_barrier;

/* Waits. Once a thread had to wait longer than `patience` (in pauses of the CPU, about 40 cycles
 * each), this returns 1 to every thread: other programs need the CPUs then, and each meeting would
 * cost a time slice. */
int msq_wait(msq_barrier *barrier, int num_threads, int64_t patience);

/* A number of the caller's, which another thread may change at any time: read once. */
static inline int64_t msq_read(const int64_t *number) {
    return *(const volatile int64_t *)number;
}

/* The same, kept in [low, high], in case it has changed since it was checked. */
static inline int64_t msq_bounded(const int64_t *number, int64_t low, int64_t high) {
    const int64_t read = msq_read(number);
    return read < low ? low : read > high ? high : read;
}

/* The half-open range of part `thread` when `n` items are split evenly: sizes differ by at most
 * one. */
static inline int64_t msq_share(int64_t n, int thread, int num_threads) {
    return n / num_threads * thread + (n % num_threads < thread ? n % num_threads : thread);
}

#endif
