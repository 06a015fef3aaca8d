#include "team.h"

#ifdef _OPENMP

#include "spare.h"
#include "system.h"

#include <omp.h>
#include <pthread.h>
#include <stdlib.h>

enum {
#ifdef MASKSEQ_EAGER_THREADS /* for tests: teams change their size often */
    PATIENCE = 2,
#else
    PATIENCE = 100, /* regions until a team shrinks, or asks again for threads it was refused */
#endif
    NS_OF_BRIEF = 150 * 1000, /* a thread that loses its CPU loses it for longer */
    WATCHED = 1000            /* regions, after one that is not brief */
};

static pthread_key_t key; /* of a thread, the team that it belongs to */
static atomic_int has_key;
/* Held from the showing of new threads until OpenMP has started them. */
static pthread_mutex_t growth = PTHREAD_MUTEX_INITIALIZER;

static void leave(void *context) {
    msq_team *const team = context;
    if (atomic_fetch_sub(&team->members, 1) == 1)
        free(team);
}

__attribute__((constructor)) static void on_load(void) {
    has_key = pthread_key_create(&key, leave) == 0;
}

__attribute__((destructor)) static void on_unload(void) {
    if (atomic_exchange(&has_key, 0))
        pthread_key_delete(key);
}

msq_team *msq_own_team(void) {
    if (!has_key || omp_get_level() > 0) /* libgomp starts threads anew for each nested region */
        return NULL;
    msq_team *team = pthread_getspecific(key);
    if (team)
        return team;
    team = malloc(sizeof *team);
    if (!team)
        return NULL;
    *team = (msq_team){.size = 1, .given = 1, .watched = WATCHED};
    atomic_init(&team->members, 1);
    atomic_init(&team->waited, 0);
    msq_open_account(&team->account);
    if (pthread_setspecific(key, team) != 0) {
        free(team);
        return NULL;
    }
    return team;
}

/* The size with `more` threads beside the `had` that live, or with as many as the system can spare.
 */
static int grow(msq_team *team, int had, int more) {
    pthread_mutex_lock(&growth);
    const int shown = msq_threads_to_spare(more);
    team->refused = shown < more;
    team->grows = had + shown > 1;
    if (!team->grows)
        pthread_mutex_unlock(&growth);
    return had + shown;
}

int msq_team_size(msq_team *team, int wanted) {
    const int living = atomic_load_explicit(&team->members, memory_order_relaxed);
    const int had = living < team->given ? living : team->given;
    /* No other user of this OpenMP has ended threads, and it gives as many as the last time. */
    const int intact = living >= team->given && !omp_get_dynamic();
    const int fits = intact && wanted == team->size;
    if (!fits && intact && (wanted < team->size || team->refused) && ++team->kept < PATIENCE)
        return team->size;
    team->kept = 0;
    if (fits)
        return team->size;
    if (wanted > had)
        team->size = grow(team, had, wanted - had);
    else if (msq_memory_to_spare(wanted))
        team->size = wanted;
    return team->size;
}

void msq_join(msq_team *team, int thread, int given) {
    msq_team *const before = pthread_getspecific(key);
    if (before != team && pthread_setspecific(key, team) == 0) {
        atomic_fetch_add(&team->members, 1);
        if (before)
            leave(before);
    }
    if (thread == 0) {
        team->given = given;
        if (team->grows)
            pthread_mutex_unlock(&growth);
    }
}

void msq_waited(int64_t nanoseconds) {
    msq_team *const team = pthread_getspecific(key);
    if (team)
        atomic_fetch_add_explicit(&team->waited, nanoseconds, memory_order_relaxed);
}

msq_clock *msq_team_clock(const msq_team *team) {
    return team->watched ? msq_thread_nanoseconds : msq_nanoseconds;
}

void msq_team_done(msq_team *team, int64_t elapsed, int64_t worked) {
    const int brief = elapsed < NS_OF_BRIEF, known = brief || team->watched;
    worked -= atomic_exchange_explicit(&team->waited, 0, memory_order_relaxed);
    if (!team->grows && known) /* starting threads is no measure of what they cost */
        msq_settle(&team->account, elapsed, worked);
    team->grows = 0;
    if (!brief)
        team->watched = WATCHED;
    else if (team->watched)
        team->watched--;
}

#else /* a serial build: everyone works alone */

#include <stddef.h>

msq_team *msq_own_team(void) {
    return NULL;
}

void msq_waited(int64_t nanoseconds) {
    (void)nanoseconds;
}

#endif
