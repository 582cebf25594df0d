/* SPDX-License-Identifier: MIT
 *
 * DETECTION: boxes from a detector's raw outputs, by non-maximum suppression.
 *
 *     y = ty / sy * ah + ay        h = ah * exp(th / sh)        (x and w likewise)
 *
 * t are a box's encodings [boxes][box_size], a its anchor, s the scales; scores are
 * [boxes][score_size], both int8, uint8 or float32. Of the boxes whose score reaches the threshold the
 * best one is kept, and each further one, in falling order, unless its intersection over union with a
 * kept one exceeds the overlap threshold. That goes once over all boxes by each one's best class, or
 * once for each class. The outputs are float32 [max_detections]: corners (ymin, xmin, ymax, xmax),
 * classes, scores in falling order, and the count; the rest is 0. Of equal scores the lower index wins.
 * Scratch: a score a box, and the corners of `limit` kept ones.
 * Source: TFLite's custom op TFLite_Detection_PostProcess.
 */

#include <math.h> /* INFINITY */

#include "../../arithmetic/float_math.h"
#include "found.h"

#define TAKEN (-INFINITY) /* the score of a box that is out of the running */

static bool is_readable(uint32_t dtype) {
    return dtype == MG_INT8 || dtype == MG_UINT8 || dtype == MG_FLOAT32;
}

bool mg_detection_check(const mg_check_t *check) {
    const mg_detection_params_t *p = &check->params.detection;
    const uint8_t dtypes[] = {p->box_dtype, p->score_dtype, MG_FLOAT32, MG_FLOAT32, MG_FLOAT32, MG_FLOAT32};
    if (!mg_check_tensors(check, 2, 4, dtypes)) {
        return false;
    }
    if (!is_readable(p->box_dtype) || !is_readable(p->score_dtype)) {
        return MG_REFUSE(check, "boxes or scores of another dtype than bytes and reals", p->box_dtype, MG_FLOAT32);
    }
    if (p->boxes == 0 || p->box_size < 4 || p->classes == 0 || p->classes > p->score_size || p->limit == 0
        || p->max_detections == 0) {
        return MG_REFUSE(check, "a detection of nothing: classes", p->classes, p->score_size);
    }
    if (!mg_check_elements(check, 0, mg_times(p->boxes, p->box_size))
        || !mg_check_elements(check, 1, mg_times(p->boxes, p->score_size)) || !mg_check_found(check, p->max_detections)
        || !mg_check_data(check, p->anchors_at, mg_times(16, p->boxes))) {
        return false;
    }
    return mg_check_scratch(check, mg_plus(mg_times(4, p->boxes), mg_times(16, p->limit)));
}

static float load_float(const void *at) {
    float value;
    memcpy(&value, at, sizeof value);
    return value;
}

static float real_at(const void *data, uint32_t i, uint32_t dtype, int32_t zero_point, float scale) {
    if (dtype == MG_FLOAT32) {
        return ((const float *)data)[i];
    }
    int32_t q = dtype == MG_INT8 ? ((const int8_t *)data)[i] : ((const uint8_t *)data)[i];
    return ((float)q - (float)zero_point) * scale;
}

static mg_box_t decode(const mg_call_t *call, uint32_t i) {
    const mg_detection_params_t *p = &call->params.detection;
    const uint8_t *anchor = call->data + p->anchors_at + 16 * i;
    float t[4], a[4];
    for (uint32_t k = 0; k < 4; k++) {
        t[k] =
            real_at(call->in[0], i * p->box_size + k, p->box_dtype, p->box_zero_point, p->box_scale) / p->box_scales[k];
        a[k] = load_float(anchor + 4 * k);
    }
    float y = t[0] * a[2] + a[0], x = t[1] * a[3] + a[1];
    float half_h = 0.5f * mg_exp(t[2]) * a[2], half_w = 0.5f * mg_exp(t[3]) * a[3];
    mg_box_t box = {y - half_h, x - half_w, y + half_h, x + half_w};
    return box;
}

static float area(const mg_box_t *box) {
    return (box->ymax - box->ymin) * (box->xmax - box->xmin);
}

static float least(float a, float b) {
    return a < b ? a : b;
}

/* Intersection over union. */
static float overlap(const mg_box_t *a, const mg_box_t *b) {
    if (area(a) <= 0.0f || area(b) <= 0.0f) {
        return 0.0f;
    }
    float h = least(a->ymax, b->ymax) + least(-a->ymin, -b->ymin);
    float w = least(a->xmax, b->xmax) + least(-a->xmin, -b->xmin);
    float both = h > 0.0f && w > 0.0f ? h * w : 0.0f;
    return both / (area(a) + area(b) - both);
}

static float score_at(const mg_call_t *call, uint32_t box, uint32_t class) {
    const mg_detection_params_t *p = &call->params.detection;
    return real_at(call->in[1], box * p->score_size + p->score_size - p->classes + class, p->score_dtype,
                   p->score_zero_point, p->score_scale);
}

static uint32_t best_class(const mg_call_t *call, uint32_t box) {
    uint32_t best = 0;
    for (uint32_t c = 1; c < call->params.detection.classes; c++) {
        best = score_at(call, box, c) > score_at(call, box, best) ? c : best;
    }
    return best;
}

/* One suppression: over all boxes by the class given, or by each one's best. */
static uint32_t suppress(const mg_call_t *call, uint32_t class, uint32_t count) {
    const mg_detection_params_t *p = &call->params.detection;
    float *scores = call->scratch;
    mg_box_t *kept = (mg_box_t *)(void *)(scores + p->boxes);
    for (uint32_t i = 0; i < p->boxes; i++) {
        float score = score_at(call, i, p->per_class ? class : best_class(call, i));
        scores[i] = score >= p->score_threshold ? score : TAKEN;
    }
    for (uint32_t n = 0; n < p->limit;) {
        uint32_t best = 0;
        for (uint32_t i = 1; i < p->boxes; i++) {
            best = scores[i] > scores[best] ? i : best;
        }
        float score = scores[best];
        if (score == TAKEN) {
            break;
        }
        scores[best] = TAKEN;
        kept[n] = decode(call, best);
        uint32_t k = 0;
        while (k < n && !(overlap(&kept[k], &kept[n]) > p->overlap_threshold)) {
            k++;
        }
        if (k == n) {
            uint32_t of = p->per_class ? class : best_class(call, best);
            count = mg_found_insert(call, p->max_detections, count, &kept[n], of, score);
            n++;
        }
    }
    return count;
}

void mg_detection_run(const mg_call_t *call) {
    const mg_detection_params_t *p = &call->params.detection;
    uint32_t count = 0;
    mg_found_clear(call, p->max_detections);
    for (uint32_t class = 0; class < (p->per_class ? p->classes : 1); class++) {
        count = suppress(call, class, count);
    }
    *(float *)call->out[3] = (float)count;
}
