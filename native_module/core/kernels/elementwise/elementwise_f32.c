/* SPDX-License-Identifier: MIT
 *
 * UNARY_F32, y = f(x), and BINARY_F32, y = clamp(f(a, b)) with broadcasting, float32: one engine, the
 * function's number in the parameters. `low` and `high` clamp the result of a binary function; to a
 * unary one they are what its formula says. Functions of arithmetic/float_math.h: relative 1e-6; the others are those of
 * IEEE 754. Shapes: any, of the same count (unary); see `binary` in ops.def.
 * Source: TFLM's float kernels for each formula.
 */
#include "../float32.h"

#define RANK 5

/* The numbers stand in files, and in host_tools/midge/lowerings/real.py: append, never reuse. */
enum {
    CLAMP,      /* min(max(x, low), high) */
    ABS,        /* |x| */
    NEG,        /* -x */
    SIGN,       /* -1, 0 or 1 */
    FLOOR,
    CEIL,
    ROUND,      /* to nearest, halves to even */
    SQRT,
    RSQRT,      /* 1 / sqrt(x) */
    EXP,
    LOG,
    SIN,
    COS,
    LOGISTIC,   /* 1 / (1 + e^-x) */
    TANH,
    ELU,        /* x, where negative e^x - 1 */
    LEAKY_RELU, /* x, where negative low * x */
    HARD_SWISH, /* x min(max(x + 3, 0), 6) / 6 */
    GELU,       /* x (1 + erf(x / sqrt(2))) / 2 */
    GELU_TANH,  /* x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 */
    ERF,        /* 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x */
    N_UNARY,
};

enum {
    ADD,
    SUB,
    MUL,
    DIV,
    MAXIMUM,
    MINIMUM,
    SQUARED_DIFFERENCE, /* (a - b)^2 */
    PRELU,              /* a, where negative a * b */
    ATAN2,              /* the angle of the point (b, a) */
    N_BINARY,
};

static float half_to_even(float x) {
    float whole = mg_floor(x), rest = x - whole;
    bool odd = whole - 2.0f * mg_floor(whole * 0.5f) != 0.0f;
    return rest > 0.5f || (rest == 0.5f && odd) ? whole + 1.0f : whole;
}

static float unary(const mg_unary_f32_params_t *p, float x) {
    switch (p->function) {
        case CLAMP: return mg_clamp_f32(x, p->low, p->high);
        case ABS: return x < 0.0f ? -x : x;
        case NEG: return -x;
        case SIGN: return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x;
        case FLOOR: return mg_floor(x);
        case CEIL: return -mg_floor(-x);
        case ROUND: return half_to_even(x);
        case SQRT: return mg_sqrt(x);
        case RSQRT: return mg_rsqrt(x);
        case EXP: return mg_exp(x);
        case LOG: return mg_log(x);
        case SIN: return mg_sin(x);
        case COS: return mg_cos(x);
        case LOGISTIC: return mg_logistic(x);
        case TANH: return mg_tanh(x);
        case ELU: return x < 0.0f ? mg_expm1(x) : x;
        case LEAKY_RELU: return x < 0.0f ? x * p->low : x;
        case HARD_SWISH: return x * mg_clamp_f32(x + 3.0f, 0.0f, 6.0f) / 6.0f;
        case GELU: return 0.5f * x * (1.0f + mg_erf(x * 0.707106781f));
        case ERF: return mg_erf(x);
        default: return 0.5f * x * (1.0f + mg_tanh(0.797884561f * (x + 0.044715f * x * x * x)));
    }
}

bool mg_unary_f32_check(const mg_check_t *check) {
    const mg_unary_f32_params_t *p = &check->params.unary_f32;
    if (p->function >= N_UNARY) {
        return mg_refuse_model(check, "needs a newer Midge on the board: function", p->function, N_UNARY - 1);
    }
    return mg_check_signature_f32(check, 1) && mg_check_elements(check, 0, p->count)
           && mg_check_elements(check, 1, p->count);
}

void mg_unary_f32_run(const mg_call_t *call) {
    const mg_unary_f32_params_t *p = &call->params.unary_f32;
    const float *x = call->in[0];
    float *out = call->out[0];
    for (uint32_t i = 0; i < p->count; i++) {
        out[i] = unary(p, x[i]);
    }
}

static float binary(uint32_t function, float a, float b) {
    switch (function) {
        case ADD: return a + b;
        case SUB: return a - b;
        case MUL: return a * b;
        case DIV: return a / b;
        case MAXIMUM: return a > b ? a : b;
        case MINIMUM: return a < b ? a : b;
        case SQUARED_DIFFERENCE: return (a - b) * (a - b);
        case PRELU: return a < 0.0f ? a * b : a;
        default: return mg_atan2(a, b);
    }
}

bool mg_binary_f32_check(const mg_check_t *check) {
    const mg_binary_f32_params_t *p = &check->params.binary_f32;
    if (p->function >= N_BINARY) {
        return mg_refuse_model(check, "needs a newer Midge on the board: function", p->function, N_BINARY - 1);
    }
    return mg_check_signature(check, 2, MG_FLOAT32, MG_FLOAT32) /* operands may be constants */
           && mg_check_operand(check, 0, p->dims, p->a_stride) && mg_check_operand(check, 1, p->dims, p->b_stride);
}

void mg_binary_f32_run(const mg_call_t *call) {
    const mg_binary_f32_params_t *p = &call->params.binary_f32;
    const uint8_t *a = call->in[0], *b = call->in[1];
    float *out = call->out[0];
    uint32_t index[RANK] = {0};
    for (;;) {
        const uint8_t *ai = a, *bi = b;
        for (uint32_t i = 0; i < p->dims[RANK - 1]; i++) {
            *out++ = mg_clamp_f32(binary(p->function, mg_load_f32(ai), mg_load_f32(bi)), p->low, p->high);
            ai += 4 * p->a_stride[RANK - 1];
            bi += 4 * p->b_stride[RANK - 1];
        }
        int32_t d = RANK - 2; /* on to the next row: an odometer over the outer dimensions */
        while (d >= 0 && ++index[d] == p->dims[d]) {
            index[d] = 0;
            a -= 4 * (p->dims[d] - 1) * p->a_stride[d];
            b -= 4 * (p->dims[d] - 1) * p->b_stride[d];
            d--;
        }
        if (d < 0) {
            return;
        }
        a += 4 * p->a_stride[d];
        b += 4 * p->b_stride[d];
    }
}
