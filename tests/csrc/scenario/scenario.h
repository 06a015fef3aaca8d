/* One call of the C API, made up from bytes, and what must hold of it. */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <stddef.h>
#include <stdint.h>

/* Calls one function of maskseq.h with arrays of exactly the sizes it asks for; what it must not
 * read is not initialised. Aborts unless one thread and several give the same status and the same
 * bits. Returns a hash of both, or 0 if memory ran out, which is the only other way to fail. */
uint64_t run_scenario(const uint8_t *data, size_t size);

#endif
