/* What the system has to spare, asked before OpenMP asks: libgomp ends the process if it is refused
 * a thread or memory. */
#ifndef MSQ_SPARE_H
#define MSQ_SPARE_H

/* How many threads may be started now, `wanted` at most: starts as many and four more, with the
 * stacks that OpenMP's threads have, holds them until the last has started, and ends them. The
 * system is rid of them when this returns, so that as many others can be started. The four are for
 * threads that others start in the meantime: near its limit a process has so many fewer in a team.
 * One caller at a time. */
int msq_threads_to_spare(int wanted);

/* Whether there is memory for what OpenMP keeps of a team of so many threads. */
int msq_memory_to_spare(int num_threads);

#endif
