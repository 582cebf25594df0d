/* SPDX-License-Identifier: MIT
 *
 * CENTROIDS: how far features are from each of k centres, int16 [features] to int32 [k].
 *
 *     y[k] = clamp(offset[k] + d),  d = floor(S / 2^8), or floor(sqrt(S)) where root is 1
 *     S = sum over j of z_j^2,  z_j = clamp(((x_j - c_kj) * factor_j + 2^(shift_j - 1)) >> shift_j) to int16
 *
 * clamped to int32. Factors are uint16 below 2^15, shifts at most 16; one pair serves a feature of all centres, or each
 * centre has its own (`own` 1). Without factors (`scaled` 0) z is x - c, clamped. With factor / 2^shift = 2^8 /
 * deviation, z is in Q8, and so are d and the root: a distance in deviations, or its square. Offsets are less the radius
 * of a cluster, or what the logarithm of a Gaussian adds.
 *
 * Bounds: the product stays below 2^31 (65535 * 32767 + 2^15), S below 2^30 times the features, of which there are fewer
 * than 2^31.
 */
#include "../../arithmetic/square_root.h"
#include "../../simd/simd.h"
#include "../kernels.h"

static uint32_t tables_of(const mg_centroids_params_t *p) {
    return !p->scaled ? 0 : p->own ? p->centres : 1;
}

/* Offsets, centres, factors, shifts. */
bool mg_centroids_check(const mg_check_t *check) {
    const mg_centroids_params_t *p = &check->params.centroids;
    static const uint8_t DTYPES[] = {MG_INT16, MG_INT32};
    uint32_t centres = mg_times4(2, p->centres, p->features, 1), scales = mg_times(tables_of(p), p->features);
    uint32_t fixed = mg_plus(4u * p->centres, centres);
    if (p->root > 1 || p->scaled > 1 || p->own > 1) {
        return MG_REFUSE(check, "an impossible distance: root", p->root, 1);
    }
    if (!mg_check_tensors(check, 1, 1, DTYPES) || !mg_check_elements(check, 0, p->features)
        || !mg_check_elements(check, 1, p->centres)
        || !mg_check_data(check, p->table_at, mg_plus(fixed, mg_times(3, scales)))) {
        return false;
    }
    const uint8_t *factors = check->data + p->table_at + fixed, *shifts = factors + 2 * scales;
    for (uint32_t i = 0; i < scales; i++) {
        if (mg_load_u16(factors + 2 * i) > INT16_MAX || shifts[i] > 16) {
            return MG_REFUSE(check, "an impossible scale of a feature: bits", shifts[i], 16);
        }
    }
    return true;
}

static __attribute__((noinline)) uint64_t square_of(const int16_t *x, const uint8_t *centre, uint32_t n,
                                                    const uint8_t *factor, const uint8_t *shift) {
    int64_t sum = 0;
    for (uint32_t j = 0; j < n; j++) {
        int32_t z = x[j] - mg_load_i16(centre + 2 * j);
        if (factor != NULL) {
            uint32_t s = shift[j];
            z = (z * mg_load_u16(factor + 2 * j) + ((1 << s) >> 1)) >> s;
        }
        z = mg_to_i16(z);
        sum = mg_add_product(sum, z, z);
    }
    return (uint64_t)sum;
}

void mg_centroids_run(const mg_call_t *call) {
    const mg_centroids_params_t *p = &call->params.centroids;
    const uint8_t *offset = call->data + p->table_at, *centre = offset + 4u * p->centres;
    const uint8_t *factor = centre + 2u * p->centres * p->features, *shift = factor + 2u * tables_of(p) * p->features;
    int32_t *out = call->out[0];
    for (uint32_t k = 0; k < p->centres; k++, offset += 4, centre += 2u * p->features) {
        uint64_t square = square_of(call->in[0], centre, p->features, p->scaled ? factor : NULL, shift);
        uint64_t far = p->root ? mg_root64(square) : square >> 8;
        int64_t y = mg_load_i32(offset) + (int64_t)(far < UINT32_MAX ? far : UINT32_MAX);
        out[k] = (int32_t)(y < INT32_MAX ? y : INT32_MAX);
        factor += p->own ? 2u * p->features : 0;
        shift += p->own ? p->features : 0;
    }
}
