// SPDX-License-Identifier: MIT
// The simulated sensor as the I2C bus sees it; see lsm9ds1.c.
#ifndef MIDGE_PORTS_QEMU_LSM9DS1_H
#define MIDGE_PORTS_QEMU_LSM9DS1_H

#include <stdbool.h>
#include <stdint.h>

bool lsm9ds1_answers(uint16_t address);
uint8_t lsm9ds1_read(uint8_t reg);
void lsm9ds1_write(uint8_t reg, uint8_t value);
uint8_t lsm9ds1_next(uint8_t reg);  // the register that follows in a transfer of several bytes

#endif
