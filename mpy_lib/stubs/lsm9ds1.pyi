# SPDX-License-Identifier: MIT
from typing import Any

from fifo_sensor import FifoSensor

RATES_ALONE_HZ: tuple[float | None, ...]
RATES_HZ: tuple[float | None, ...]
RANGES_G: tuple[tuple[float, float], ...]
RANGES_DPS: tuple[tuple[float, float] | None, ...]

class LSM9DS1(FifoSensor):
    overflow: bool
    def __init__(
        self,
        i2c: Any,
        accel_g: int = 4,
        gyro_dps: int | None = None,
        rate_hz: float = 50,
        address: int = 0x6B,
    ) -> None: ...
    def stop(self) -> None: ...
