# SPDX-License-Identifier: MIT
from typing import Any

from fifo_sensor import FifoSensor

RATES_HZ: tuple[float | None, ...]
RANGES_G: tuple[tuple[float, float], ...]
RANGES_DPS: tuple[tuple[float, float], ...]

class BMI270(FifoSensor):
    overflow: bool
    def __init__(
        self,
        i2c: Any,
        accel_g: int = 4,
        gyro_dps: int | None = 500,
        rate_hz: float = 100,
        address: int = 0x68,
        config: str = "bmi270.bin",
    ) -> None: ...
    def stop(self) -> None: ...
