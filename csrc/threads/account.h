/* Whether threads pay for a caller: the time that they gained and cost in its last regions. Other
 * programs on the CPUs make a region wait for its slowest thread, longer than the work would take
 * on one. Then the caller works alone for a while, forty times as long as what was lost. */
#ifndef MSQ_ACCOUNT_H
#define MSQ_ACCOUNT_H

#include <stdint.h>

/* Nanoseconds. */
typedef struct {
    int64_t balance; /* gains less losses */
    int64_t rest;    /* of work to be done alone before threads are tried again */
} msq_account;

/* For a new caller. It works alone at first, as long as starting threads takes: many callers have
 * no more to do. */
void msq_open_account(msq_account *account);

/* Whether threads pay now. If not, the caller does its work alone, some `grains` of it
 * (parallel.h).
 */
int msq_threads_pay(msq_account *account, double grains);

/* A region took `elapsed`; its threads had `worked` of CPUs, all together: so long would the caller
 * have taken alone. What a thread waits for a CPU counts as no work. */
void msq_settle(msq_account *account, int64_t elapsed, int64_t worked);

#endif
