/* What operating systems do in different ways. */
#ifndef MSQ_SYSTEM_H
#define MSQ_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

/* Uninitialised memory at a multiple of 64 bytes, NULL if there is none; and back (NULL: nothing).
 * `bytes` is at least 1 and no more than PTRDIFF_MAX. */
void *msq_aligned_alloc(size_t bytes);
void msq_aligned_free(void *memory);

/* Has memory that is to be written whole come in large pages, where the system has them and it is
 * large enough: it is ready sooner, and read without looking up so many pages. */
void msq_ask_large_pages(void *memory, size_t bytes);

/* CPUs this process may run on; 0 if the system does not say. */
int msq_usable_cpus(void);

/* Whether the CPUs of the machine have so much to run that of `threads` of the caller's some would
 * wait for one; 0 where the system does not say. */
int msq_cpus_are_taken(int threads);

/* Since some time in the past; never goes back. */
int64_t msq_nanoseconds(void);

/* What the calling thread had of a CPU; where the system is too coarse, the time that passed. */
int64_t msq_thread_nanoseconds(void);

/* Lets another thread have the CPU. */
void msq_yield(void);

/* The system's number of the calling thread; and whether the thread of this process that had it is
 * still known to the system, ended or not. 0 where the system does not say. */
int msq_thread_id(void);
int msq_thread_exists(int id);

/* `handler` is called in every child of a fork, before anything else there. */
void msq_at_fork_in_child(void (*handler)(void));

#endif
