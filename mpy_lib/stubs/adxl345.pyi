# SPDX-License-Identifier: MIT
from typing import Any

from fifo_sensor import FifoSensor

RATES_HZ: tuple[float | None, ...]
RANGES_G: tuple[tuple[float, float], ...]

class ADXL345(FifoSensor):
    overflow: bool
    def __init__(self, i2c: Any, accel_g: int = 4, rate_hz: float = 100, address: int = 0x53) -> None: ...
    def stop(self) -> None: ...
