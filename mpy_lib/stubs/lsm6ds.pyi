# SPDX-License-Identifier: MIT
from typing import Any

from fifo_sensor import FifoSensor

RATES_HZ: tuple[float | None, ...]
RANGES_G: tuple[tuple[float, float], ...]
RANGES_DPS: tuple[tuple[float, float], ...]

class _LSM6DS(FifoSensor):
    def stop(self) -> None: ...

class LSM6DS3(_LSM6DS):
    def __init__(
        self,
        i2c: Any,
        accel_g: int = 4,
        gyro_dps: int | None = 500,
        rate_hz: float = 104,
        address: int = 0x6A,
    ) -> None: ...

class LSM6DSOX(_LSM6DS):
    def __init__(
        self,
        i2c: Any,
        accel_g: int = 4,
        gyro_dps: int | None = 500,
        rate_hz: float = 104,
        address: int = 0x6A,
    ) -> None: ...
