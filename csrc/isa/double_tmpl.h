/* Vectors of float64, in the compiler's own vector types: one vocabulary for every instruction set.
 * Where float32 values are computed in float64 and rounded once, the error is half an ulp and a
 * little, and nothing needs an FMA: sums and products alone, each rounded, the same on every CPU.
 *
 * A comparison gives a lvec of -1 (true) and 0, as the compiler has it. */
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { D_WIDTH = V_WIDTH > 2 ? V_WIDTH / 2 : 2 };
typedef double dvec __attribute__((vector_size(D_WIDTH * 8)));
typedef int64_t lvec __attribute__((vector_size(D_WIDTH * 8)));
typedef uint64_t uvec __attribute__((vector_size(D_WIDTH * 8)));
typedef float hvec __attribute__((vector_size(D_WIDTH * 4)));

static inline dvec d_set1(double a) {
    return a - (dvec){0};
}
/* The bits of a in every lane. */
static inline uvec d_bits(double a) {
    return (uvec)d_set1(a);
}
static inline dvec d_load(const float *p) {
    hvec narrow;
    memcpy(&narrow, p, sizeof narrow);
    return __builtin_convertvector(narrow, dvec);
}
static inline void d_store(float *p, dvec a) {
    const hvec narrow = __builtin_convertvector(a, hvec);
    memcpy(p, &narrow, sizeof narrow);
}
/* The first n values, 0 < n <= D_WIDTH; the others read as 0 and are not written. */
static inline dvec d_load_part(const float *p, int64_t n) {
    float lanes[D_WIDTH] = {0};
    memcpy(lanes, p, (size_t)n * sizeof *p);
    return d_load(lanes);
}
static inline void d_store_part(float *p, dvec a, int64_t n) {
    float lanes[D_WIDTH];
    d_store(lanes, a);
    memcpy(p, lanes, (size_t)n * sizeof *p);
}
static inline dvec d_if(lvec where, dvec a, dvec b) {
    return (dvec)((where & (lvec)a) | (~where & (lvec)b));
}
static inline dvec d_abs(dvec a) {
    return (dvec)((lvec)a & INT64_MAX);
}
/* |a| with the sign of b. */
static inline dvec d_copysign(dvec a, dvec b) {
    return (dvec)(((lvec)a & INT64_MAX) | ((lvec)b & INT64_MIN));
}
/* Kept in [low, high]; NaN stays NaN. */
static inline dvec d_within(dvec a, double low, double high) {
    a = d_if(a < low, d_set1(low), a);
    return d_if(a > high, d_set1(high), a);
}
static inline dvec d_sqrt(dvec a) {
    for (int lane = 0; lane < D_WIDTH; lane++)
        a[lane] = sqrt(a[lane]);
    return a;
}
static inline int d_any(lvec where) {
    int64_t any = 0;
    for (int lane = 0; lane < D_WIDTH; lane++)
        any |= where[lane];
    return any != 0;
}
