// SPDX-License-Identifier: MIT
// An LSM9DS1's accelerometer and gyroscope that measure what the host recorded. Registers, rates, ranges and the
// FIFO: ST's data sheet DocID025715, sections 3.3, 3.5 and 7. Not simulated: interrupts, filters, temperature,
// the magnetometer, and of the FIFO's modes all but continuous.
//
// The sensor's region of memory holds a header and `rows` rows of float32: x, y, z in g, then in degrees a second
// where `columns` is 6. One row is one sample, whatever the output data rate is. They play from the first one on
// when that rate is set, over and over. Without rows no sensor answers.
#include <string.h>

#include "board.h"
#include "lsm9ds1.h"
#include "port.h"

typedef struct {
    uint32_t rows, columns;
    float values[];
} recording_t;

#define RECORDING ((const recording_t *)BOARD_SENSOR_ADDRESS)
#define ADDRESS 0x6B  // with SDO_A/G high
#define FIFO_DEPTH 32
#define OVERRUN 0x40

enum {
    WHO_AM_I = 0x0F,
    CTRL_REG1_G = 0x10,
    STATUS_REG_G = 0x17,
    OUT_X_L_G = 0x18,
    OUT_Z_H_G = 0x1D,
    CTRL_REG4 = 0x1E,
    CTRL_REG5_XL = 0x1F,
    CTRL_REG6_XL = 0x20,
    CTRL_REG8 = 0x22,
    CTRL_REG9 = 0x23,
    STATUS_REG = 0x27,
    OUT_X_L_XL = 0x28,
    OUT_Z_H_XL = 0x2D,
    FIFO_CTRL = 0x2E,
    FIFO_SRC = 0x2F,
    N_REGISTERS = 0x38,
};
enum { SW_RESET = 1 << 0, ADDRESS_INCREMENT = 1 << 2, FIFO_EN = 1 << 1, FIFO_CONTINUOUS = 6 };

static uint8_t registers[N_REGISTERS];
static bool powered;
static uint64_t start_us;     // when the rate was set
static uint32_t starts;       // each begins one row of the recording later: no two takes are the same
static uint64_t next_fifo;    // the oldest sample in the FIFO
static uint64_t seen[2];      // gyroscope, accelerometer: how many samples there were when it was last read
static uint64_t latched;      // the sample whose bytes are being read, plus one; 0 before the first
static bool overrun;

static void power_up(void) {
    memset(registers, 0, sizeof(registers));
    registers[CTRL_REG4] = registers[CTRL_REG5_XL] = 0x38;
    registers[CTRL_REG8] = ADDRESS_INCREMENT;
    powered = true;
}

static uint32_t field(uint8_t reg, unsigned shift, unsigned bits) {
    return registers[reg] >> shift & ((1u << bits) - 1);
}

static bool gyro_on(void) {
    return field(CTRL_REG1_G, 5, 3) != 0;
}

// With the gyroscope on, the accelerometer goes at its rate.
static uint32_t rate_mhz(void) {
    static const uint32_t with_gyro[8] = {0, 14900, 59500, 119000, 238000, 476000, 952000, 0};
    static const uint32_t alone[8] = {0, 10000, 50000, 119000, 238000, 476000, 952000, 0};
    return gyro_on() ? with_gyro[field(CTRL_REG1_G, 5, 3)] : alone[field(CTRL_REG6_XL, 5, 3)];
}

// How many samples there have been since the rate was set.
static uint64_t measured(void) {
    return (board_us() - start_us) * rate_mhz() / 1000000000;
}

static bool fifo_on(void) {
    return registers[CTRL_REG9] & FIFO_EN && field(FIFO_CTRL, 5, 3) == FIFO_CONTINUOUS;
}

static uint32_t fifo_unread(void) {
    if (!fifo_on()) {
        return 0;
    }
    uint64_t count = measured();
    if (count - next_fifo > FIFO_DEPTH) {
        next_fifo = count - FIFO_DEPTH;
        overrun = true;
    }
    return (uint32_t)(count - next_fifo);
}

static void restart(void) {
    start_us = board_us();
    starts++;
    next_fifo = seen[0] = seen[1] = latched = 0;
    overrun = false;
}

// Sensitivities: data sheet, table 3.
static int16_t output(unsigned sensor, unsigned axis) {
    static const float g_per_digit[4] = {0.061e-3f, 0.732e-3f, 0.122e-3f, 0.244e-3f};
    static const float dps_per_digit[4] = {8.75e-3f, 17.5e-3f, 17.5e-3f, 70e-3f};
    const recording_t *recording = RECORDING;
    uint32_t column = sensor == 1 ? axis : 3 + axis;
    if (latched == 0 || column >= recording->columns) {
        return 0;
    }
    float scale = sensor == 1 ? g_per_digit[field(CTRL_REG6_XL, 3, 2)] : dps_per_digit[field(CTRL_REG1_G, 3, 2)];
    uint32_t row = (uint32_t)((latched - 1 + starts - 1) % recording->rows);
    float digits = recording->values[row * recording->columns + column] / scale;
    digits += digits < 0 ? -0.5f : 0.5f;
    return digits >= 32767 ? 32767 : digits <= -32768 ? -32768 : (int16_t)digits;
}

// A byte of the six of a sensor. The first latches a sample, the last lets it go.
static uint8_t read_output(unsigned sensor, unsigned byte) {
    if (byte == 0) {
        latched = fifo_unread() != 0 ? next_fifo + 1 : measured();
    }
    uint16_t digits = (uint16_t)output(sensor, byte / 2);
    if (byte == 5) {
        seen[sensor] = latched;
        if (sensor == 1 && fifo_unread() != 0) {
            next_fifo++;
            overrun = false;
        }
    }
    return byte & 1 ? digits >> 8 : digits & 0xff;
}

bool lsm9ds1_answers(uint16_t address) {
    return address == ADDRESS && RECORDING->rows != 0;
}

uint8_t lsm9ds1_read(uint8_t reg) {
    if (!powered) {
        power_up();
    }
    if (reg >= OUT_X_L_G && reg <= OUT_Z_H_G) {
        return read_output(0, reg - OUT_X_L_G);
    }
    if (reg >= OUT_X_L_XL && reg <= OUT_Z_H_XL) {
        return read_output(1, reg - OUT_X_L_XL);
    }
    switch (reg) {
        case WHO_AM_I: return 0x68;
        case STATUS_REG_G:
        case STATUS_REG: {
            uint64_t count = measured();
            return (uint8_t)((count > seen[1]) | (gyro_on() && count > seen[0]) << 1);
        }
        case FIFO_SRC: {
            uint32_t unread = fifo_unread();
            return (uint8_t)(unread | (overrun ? OVERRUN : 0));
        }
        default: return reg < N_REGISTERS ? registers[reg] : 0;
    }
}

void lsm9ds1_write(uint8_t reg, uint8_t value) {
    if (!powered || (reg == CTRL_REG8 && value & SW_RESET)) {
        power_up();
    }
    if (reg >= N_REGISTERS || (reg == CTRL_REG8 && value & SW_RESET)) {
        return;
    }
    uint32_t rate = rate_mhz();
    bool fifo = fifo_on();
    registers[reg] = value;
    if (rate_mhz() != rate) {
        restart();
    }
    if (fifo_on() && !fifo) {
        next_fifo = measured();
        overrun = false;
    }
}

// Section 3.3: a long read goes round in the outputs.
uint8_t lsm9ds1_next(uint8_t reg) {
    if (!(registers[CTRL_REG8] & ADDRESS_INCREMENT)) {
        return reg;
    }
    if (reg == OUT_Z_H_XL) {
        return gyro_on() ? OUT_X_L_G : OUT_X_L_XL;
    }
    return reg == OUT_Z_H_G && gyro_on() ? OUT_X_L_XL : reg + 1;
}
