/* Threads: how many a call uses, the guard for forked children, and the one OpenMP region of the
 * library. OpenMP's own settings are never changed: they belong to the whole process. */
#include "parallel.h"

#include "maskseq.h"
#include "system.h"
#include "threads/team.h"

#ifdef _OPENMP
#include <omp.h>
#endif

enum {
    NS_PER_CHECK = 50 * 1000 * 1000,
    FMAS_PER_LOOK = 1 << 22, /* between looks at the clock: 0.1 ms of AVX2, 4 ms of plain C */
    MAX_PAUSES = 2000        /* about 20 us: more threads than CPUs then, let others run */
};

static int default_threads = 1; /* the budget at load */
static atomic_int process_threads;
static _Thread_local int own_threads;
static int (*_Atomic interrupt_check)(void);
/* libgomp's pool does not survive fork: a region in the child would wait for threads that are not
 * there. */
static int forked = 0;

static void after_fork_in_child(void) {
    forked = 1;
}

__attribute__((constructor)) static void on_load(void) {
    default_threads = msq_thread_budget(NULL);
    msq_at_fork_in_child(after_fork_in_child);
}

int msq_default_threads(void) {
    const int process = atomic_load_explicit(&process_threads, memory_order_relaxed);
    return forked ? 1 : own_threads ? own_threads : process ? process : default_threads;
}

static int limited(int n) {
    return n < 0 ? 0 : n > MSQ_MAX_THREADS ? MSQ_MAX_THREADS : n;
}

int msq_set_threads(int n) {
    return atomic_exchange(&process_threads, limited(n));
}

int msq_set_own_threads(int n) {
    const int before = own_threads;
    own_threads = limited(n);
    return before;
}

void msq_set_interrupt_check(int (*check)(void)) {
    interrupt_check = check;
}

int msq_stops(msq_stop *stop, int thread, double fmas) {
    if (thread == 0 && interrupt_check && (stop->fmas += fmas) > FMAS_PER_LOOK) {
        stop->fmas = 0;
        const int64_t now = msq_nanoseconds();
        if (stop->next_check == 0)
            stop->next_check = now + NS_PER_CHECK;
        if (now >= stop->next_check) {
            if (interrupt_check())
                atomic_store_explicit(&stop->stopped, 1, memory_order_relaxed);
            stop->next_check = msq_nanoseconds() + NS_PER_CHECK;
        }
    }
    return atomic_load_explicit(&stop->stopped, memory_order_relaxed);
}

int msq_has_openmp(void) {
#ifdef _OPENMP
    return 1;
#else
    return 0;
#endif
}

/* `least`: grains for which one more thread pays. */
static int plan(int requested, int64_t parts, double grains, double least) {
#ifdef MASKSEQ_EAGER_THREADS /* for tests: threads for work of any size */
    grains = grains > 0 ? MSQ_MAX_THREADS : 0;
    least = 1;
#endif
    int64_t n = requested > 0 ? requested : msq_default_threads();
    n = n > MSQ_MAX_THREADS ? MSQ_MAX_THREADS : n;
    n = n > parts ? parts : n;
    n = n > grains / least ? (int64_t)(grains / least) : n;
    if (n <= 1 || forked)
        return 1;
    msq_team *const team = msq_own_team();
    return team && msq_threads_pay(&team->account, grains, (int)n, msq_cpus_are_taken) ? (int)n : 1;
}

int msq_plan_threads(int requested, int64_t parts, double work, double grain) {
    return plan(requested, parts, work / grain, 1);
}

int msq_plan_products(int requested, int64_t parts, double fmas) {
    return plan(requested, parts, fmas / MSQ_FMAS_PER_THREAD, 0.125);
}

static void pause_cpu(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

int msq_wait(msq_barrier *b, int num_threads, int64_t patience) {
    const int round = atomic_load_explicit(&b->round, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&b->arrived, 1, memory_order_acq_rel) == num_threads - 1) {
        atomic_store_explicit(&b->arrived, 0, memory_order_relaxed);
        b->was_slow = atomic_load_explicit(&b->slow, memory_order_relaxed);
        atomic_store_explicit(&b->round, round + 1, memory_order_release);
        return b->was_slow;
    }
    int64_t pauses = 0;
#ifdef MASKSEQ_EAGER_THREADS /* for tests: 16 to 32768, so that some meetings are slow */
    patience = patience < 0 ? patience : (int64_t)16 << round * 5 % 12;
#endif
    int64_t slow_since = 0;
    while (atomic_load_explicit(&b->round, memory_order_acquire) == round) {
        if (pauses++ < MAX_PAUSES) {
            pause_cpu();
        } else {
            slow_since = slow_since ? slow_since : msq_thread_nanoseconds();
            msq_yield();
        }
        if (pauses == patience)
            atomic_store_explicit(&b->slow, 1, memory_order_relaxed);
    }
    if (slow_since)
        msq_waited(msq_thread_nanoseconds() - slow_since);
    return b->was_slow;
}

#ifdef _OPENMP
typedef struct {
    msq_body_fn *body;
    void *context;
    int num_threads;
    msq_team *team;
    msq_clock *clock;
    _Atomic int64_t worked; /* nanoseconds by this clock, all threads together */
} region;

static void run_member(region *r, int thread, int given) {
    const int num_threads = given < r->num_threads ? given : r->num_threads;
    msq_join(r->team, thread, given);
    if (thread >= num_threads)
        return;
    const int64_t start = r->clock();
    r->body(r->context, thread, num_threads);
    atomic_fetch_add_explicit(&r->worked, r->clock() - start, memory_order_relaxed);
}

static void run_region(region *r, int size) {
    const int64_t start = msq_nanoseconds();
#pragma omp parallel num_threads(size)
    run_member(r, omp_get_thread_num(), omp_get_num_threads());
    msq_team_done(r->team, msq_nanoseconds() - start, r->worked);
}
#endif

void msq_parallel(int num_threads, msq_body_fn *body, void *context) {
#ifdef _OPENMP
    msq_team *const team = num_threads > 1 ? msq_own_team() : NULL;
    const int size = team ? msq_team_size(team, num_threads) : 1;
    if (size > 1) {
        run_region(&(region){body, context, num_threads, team, msq_team_clock(team), 0}, size);
        return;
    }
#endif
    (void)num_threads;
    body(context, 0, 1);
}
