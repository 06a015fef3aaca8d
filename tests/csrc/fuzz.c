/* libFuzzer's target: every function of the C API. */
#include "scenario/scenario.h"

#include <maskseq.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size > 0) {
        const char *const isa = msq_isa_name(data[size - 1] % 4);
        if (isa)
            msq_set_isa(isa);
        run_scenario(data, size - 1);
    }
    return 0;
}
