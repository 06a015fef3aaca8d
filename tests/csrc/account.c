/* Whether threads pay: the account of what they gain and cost, and what is seen of other programs.
 */
#define _GNU_SOURCE
#include "check.h"

#include <maskseq.h>
#include <parallel.h>
#include <system.h>
#include <threads/account.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

static atomic_int running; /* others have work */

static void in_a_thread(void *(*scene)(void *)) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, scene, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

static int never(int threads) {
    (void)threads;
    return 0;
}

static int always(int threads) {
    (void)threads;
    return 1;
}

/* Whatever regions cost, no more is lost than `most` of the time; where they gain, they go on. A
 * new caller is alone for some calls. */
static void accounts(msq_taken_fn *taken, double most) {
    enum { CALLS = 20000, ALONE = 100, GRAINS = 7 };
    static const struct {
        int64_t took, every, stall; /* of two threads, with a stall in every so manyth region */
        int least_share;            /* of regions among the calls, in per cent */
    } cases[] = {{55, 1, 0, 100},   {55, 1000, 3000, 95}, {130, 1, 0, 0},
                 {55, 30, 6000, 0}, {3000, 1, 0, 0},      {99, 1, 0, 100}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        msq_account account;
        int64_t all = 0, regions = 0;
        msq_open_account(&account);
        for (int n = 0; n < CALLS; n++) {
            if (!msq_threads_pay(&account, GRAINS, 2, taken)) {
                all += ALONE;
                continue;
            }
            const int64_t took = cases[i].took + ((n + 1) % cases[i].every ? 0 : cases[i].stall);
            all += took;
            regions++;
            msq_settle(&account, took * 1000, ALONE * 1000);
        }
        CHECK(all < (1 + most) * CALLS * ALONE + 8000);
        CHECK(regions * 100 >= (int64_t)cases[i].least_share * (CALLS - 10));
        CHECK(cases[i].least_share || regions * 4 < CALLS);
    }
}

static void *stay_on_a_cpu(void *ready) {
    atomic_fetch_add((atomic_int *)ready, 1);
    while (running)
        ;
    return NULL;
}

/* What runs in other threads is seen, where the system says it. */
static void taken_cpus(void) {
    enum { BUSY = 8 };
    pthread_t threads[BUSY];
    atomic_int ready = 0;
    const int online = (int)sysconf(_SC_NPROCESSORS_ONLN);
    CHECK(!msq_cpus_are_taken(-(1 << 20)));
    if (!msq_cpus_are_taken(1 << 20))
        return;
    running = 1;
    for (int i = 0; i < BUSY; i++)
        CHECK(pthread_create(&threads[i], NULL, stay_on_a_cpu, &ready) == 0);
    while (ready < BUSY)
        usleep(100);
    CHECK(msq_cpus_are_taken(online + 2 - BUSY));
    running = 0;
    for (int i = 0; i < BUSY; i++)
        pthread_join(threads[i], NULL);
}

static void wait_in_the_second(void *context, int thread, int num_threads) {
    (void)context, (void)num_threads;
    if (thread == 1)
        usleep(20 * 1000);
}

static void work_a_little(void *context, int thread, int num_threads) {
    (void)context, (void)thread, (void)num_threads;
    const int64_t start = msq_nanoseconds();
    while (msq_nanoseconds() - start < 10 * 1000)
        ;
}

static int planned(void) {
    return msq_plan_threads(2, 2, 1e3, 1);
}

/* A thread that is not on a CPU does no work: the caller is alone after such a region. */
static void *waiting_for_a_cpu_is_no_work(void *unused) {
    int calls_alone = 0;
    while (planned() == 1) /* a new caller */
        CHECK(calls_alone++ < 1000);
    msq_parallel(2, work_a_little, NULL); /* starts the thread */
    CHECK(planned() == 2);
    msq_parallel(2, wait_in_the_second, NULL);
    CHECK(planned() == 1);
    return unused;
}

/* Nor is it after thousands of brief regions, for which no time on CPUs is read: the first that is
 * long has it read again. */
static void *waiting_among_brief_regions(void *unused) {
    int calls_alone = 0;
    while (planned() == 1)
        CHECK(calls_alone++ < 1000);
    for (int i = 0; i < 3000; i++) /* gains, if they are not disturbed */
        msq_parallel(2, work_a_little, NULL);
    for (int i = 0; i < 2; i++)
        msq_parallel(2, wait_in_the_second, NULL);
    CHECK(planned() == 1);
    return unused;
}

int main(void) {
    taken_cpus();
    accounts(never, 1. / 20);
    accounts(always, 1. / 150);
    in_a_thread(waiting_for_a_cpu_is_no_work);
    in_a_thread(waiting_among_brief_regions);
    puts("accounted");
    return 0;
}
