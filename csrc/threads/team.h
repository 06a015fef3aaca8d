/* The team of a calling thread: itself and the threads that OpenMP keeps for it. libgomp ends the
 * process if the system refuses it a thread. So a team grows only after as many threads have been
 * shown to start (spare.h), and changes its size seldom. */
#ifndef MSQ_TEAM_H
#define MSQ_TEAM_H

#include "account.h"

#include <stdatomic.h>

/* Of the calling thread alone, but for the atomic members. */
typedef struct {
    atomic_int members;     /* living threads that belong to it; the last one frees it */
    _Atomic int64_t waited; /* nanoseconds on CPUs that threads waited for each other */
    int size, given;        /* of the last region: threads asked for, threads got */
    int refused;            /* the system had fewer threads than the team asked for */
    int kept;               /* regions in a row that wanted another size, and did not get it */
    int grows;              /* 1 from msq_team_size to msq_team_done, if it adds threads */
    int watched;            /* regions to come whose threads' time on CPUs is read */
    msq_account account;
} msq_team;

/* The calling thread's own; NULL if it must work alone. */
msq_team *msq_own_team(void);

/* How many threads to ask OpenMP for so that `wanted` (2 or more) can work: more, if the team has
 * more, since libgomp ends or starts threads whenever the number changes; fewer, if the system
 * refuses new ones, down to 1. If it is 2 or more, the caller opens the region at once: until its
 * own msq_join no other team grows. */
int msq_team_size(msq_team *team, int wanted);

/* Every thread of a region calls this first; `given` is how many there are. */
void msq_join(msq_team *team, int thread, int given);

/* A thread of a region has waited for others, so many nanoseconds of those it had of a CPU. */
void msq_waited(int64_t nanoseconds);

/* The clock by which the threads of the next region measure their work: that of their time on CPUs,
 * or, as reading it takes longer than a region, that of all time while regions are brief. */
typedef int64_t msq_clock(void);
msq_clock *msq_team_clock(const msq_team *team);

/* After a region: the nanoseconds it took, and those that its threads worked, by that clock. */
void msq_team_done(msq_team *team, int64_t elapsed, int64_t worked);

#endif
