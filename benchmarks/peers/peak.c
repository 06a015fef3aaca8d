/* Fused multiply-adds as fast as the machine does them: chains of independent accumulators in
 * registers, no memory. Built by peak.py with the flags of the machine it runs on. */
#include <immintrin.h>
#include <stdint.h>
#if defined(__AVX512F__)
typedef __m512 vec;
#define SET _mm512_set1_ps
#define FMA _mm512_fmadd_ps
#define STORE _mm512_storeu_ps
#else
typedef __m256 vec;
#define SET _mm256_set1_ps
#define FMA _mm256_fmadd_ps
#define STORE _mm256_storeu_ps
#endif
/* More than latency x units (4 x 2 on current cores), fewer than registers. */
enum { CHAINS = 12, WIDTH = sizeof(vec) / sizeof(float) };

/* Runs `rounds` x CHAINS vector multiply-adds; returns their number of floating point operations.
 */
double msq_peak(int64_t rounds, float seed) {
    const vec x = SET(1.0f - seed), y = SET(seed);
    vec a[CHAINS];
    float out[WIDTH], sum = 0;
    for (int c = 0; c < CHAINS; c++)
        a[c] = SET((float)c);
    for (int64_t r = 0; r < rounds; r++) {
#pragma GCC unroll 12
        for (int c = 0; c < CHAINS; c++)
            a[c] = FMA(a[c], x, y);
    }
    for (int c = 0; c < CHAINS; c++) {
        STORE(out, a[c]);
        sum += out[0];
    }
    return 2.0 * WIDTH * CHAINS * rounds + (sum == 12345.0f);
}
