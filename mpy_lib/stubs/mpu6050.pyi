# SPDX-License-Identifier: MIT
from typing import Any

from fifo_sensor import FifoSensor

RATES_HZ: tuple[float | None, ...]
RANGES_G: tuple[tuple[float, float], ...]
RANGES_DPS: tuple[tuple[float, float], ...]

class MPU6050(FifoSensor):
    overflow: bool
    name: str
    def __init__(
        self,
        i2c: Any,
        accel_g: int = 4,
        gyro_dps: int | None = 500,
        rate_hz: float = 100,
        address: int = 0x68,
    ) -> None: ...
    def stop(self) -> None: ...
