/* Losses that sum over paths, and their ways back. */
#include "scene.h"

#include "maskseq.h"

#include <string.h>

static void same_if(scene *s, const char *what, output o, int ok) {
    if (ok)
        same_floats(s, what, o);
}

/* Rows of no sequence are not written. */
static output zeroed(scene *s, int64_t count) {
    const output o = out(s, count, sizeof(float));
    if (o.one && o.many) {
        memset(o.one, 0, o.bytes);
        memset(o.many, 0, o.bytes);
    }
    return o;
}

static int64_t end_of(const int64_t *offsets, int64_t batch) {
    return offsets[batch] > 0 ? offsets[batch] : 0;
}

void scene_crf(scene *s) {
    const int64_t batch = between(s, 0, 5), tags = between(s, 0, 20);
    const int64_t *const offsets = offsets_of(s, batch, 9);
    const int boundaries = byte(s) % 2;
    if (s->no_memory)
        return;
    const int64_t rows = end_of(offsets, batch);
    const msq_crf crf = {.size = sizeof crf,
                         .emissions = floats(s, rows * tags),
                         .path = indices(s, rows, tags ? tags : 1),
                         .offsets = offsets,
                         .transitions = floats(s, tags * tags),
                         .start = boundaries ? floats(s, tags) : NULL,
                         .end = boundaries ? floats(s, tags) : NULL,
                         .batch = batch,
                         .rows = rows,
                         .tags = tags};
    const float *const d_losses = floats(s, batch);
    const output losses = zeroed(s, batch), alphas = zeroed(s, rows * tags);
    const output de = zeroed(s, rows * tags), dt = zeroed(s, tags * tags);
    const output ds = zeroed(s, tags), dn = zeroed(s, tags);
    const output best = out(s, rows, sizeof(int32_t)), scores = zeroed(s, batch);
    if (s->no_memory)
        return;
    memset(best.one, 0, best.bytes);
    memset(best.many, 0, best.bytes);
    const int decoded = both_ok(s, msq_crf_decode_f32(&crf, best.one, scores.one, 1),
                                msq_crf_decode_f32(&crf, best.many, scores.many, 3));
    same_if(s, "crf decode scores", scores, decoded);
    if (decoded)
        same(s, "crf decode", best);
    const int ok = both_ok(s, msq_crf_f32(&crf, losses.one, alphas.one, 1),
                           msq_crf_f32(&crf, losses.many, alphas.many, 3));
    same_if(s, "crf", losses, ok);
    same_if(s, "crf alphas", alphas, ok);
    const int back =
        both_ok(s,
                msq_crf_backward_f32(&crf, alphas.one, d_losses, de.one, dt.one,
                                     boundaries ? ds.one : NULL, boundaries ? dn.one : NULL, 1),
                msq_crf_backward_f32(&crf, alphas.many, d_losses, de.many, dt.many,
                                     boundaries ? ds.many : NULL, boundaries ? dn.many : NULL, 3));
    const output all[] = {de, dt, ds, dn};
    for (int i = 0; i < 4; i++)
        same_if(s, "crf backward", all[i], back);
}

void scene_ctc(scene *s) {
    const int64_t batch = between(s, 0, 5), classes = between(s, 0, 9);
    const int64_t *const offsets = offsets_of(s, batch, 9);
    const int64_t *const label_offsets = offsets_of(s, batch, 5);
    if (s->no_memory)
        return;
    const int64_t rows = end_of(offsets, batch), labels = end_of(label_offsets, batch);
    const msq_ctc ctc = {.size = sizeof ctc,
                         .logits = floats(s, rows * classes),
                         .labels = indices(s, labels, classes ? classes : 1),
                         .offsets = offsets,
                         .label_offsets = label_offsets,
                         .batch = batch,
                         .rows = rows,
                         .classes = classes,
                         .label_rows = labels,
                         .blank = between(s, 0, 9)};
    const float *const d_losses = floats(s, batch);
    const output losses = zeroed(s, batch), d_logits = zeroed(s, rows * classes);
    if (s->no_memory)
        return;
    same_if(s, "ctc", losses,
            both_ok(s, msq_ctc_f32(&ctc, losses.one, 1), msq_ctc_f32(&ctc, losses.many, 3)));
    same_if(s, "ctc backward", d_logits,
            both_ok(s, msq_ctc_backward_f32(&ctc, d_losses, d_logits.one, 1),
                    msq_ctc_backward_f32(&ctc, d_losses, d_logits.many, 3)));
}
