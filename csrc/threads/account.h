/* Whether threads pay for a caller: the time that they gained and cost in its last regions. Other
 * programs on the CPUs make a region wait for its slowest thread, longer than the work would take
 * on one. Then the caller works alone for a while, forty times as long as what was lost, and longer
 * where the CPUs are seen to be taken. */
#ifndef MSQ_ACCOUNT_H
#define MSQ_ACCOUNT_H

#include <stdint.h>

/* Nanoseconds. */
typedef struct {
    int64_t balance; /* gains less losses */
    int64_t rest;    /* of work to be done alone before threads are tried again */
    int64_t again;   /* the rest after the last loss; once more, if the CPUs are taken at its end */
    int looks;       /* at the CPUs, since the last trial */
} msq_account;

/* For a new caller. It works alone at first, as long as starting threads takes: many callers have
 * no more to do. */
void msq_open_account(msq_account *account);

/* Whether of `threads` some would wait for a CPU (msq_cpus_are_taken, system.h). */
typedef int msq_taken_fn(int threads);

/* Whether threads pay now, `threads` of them. If not, the caller does its work alone, some `grains`
 * of it (parallel.h). At the end of a rest it asks whether the CPUs are `taken`. */
int msq_threads_pay(msq_account *account, double grains, int threads, msq_taken_fn *taken);

/* A region took `elapsed`; its threads had `worked` of CPUs, all together: so long would the caller
 * have taken alone. What a thread waits for a CPU counts as no work. */
void msq_settle(msq_account *account, int64_t elapsed, int64_t worked);

#endif
