# SPDX-License-Identifier: MIT
from typing import Any

from fifo_sensor import FifoSensor

RATES_HZ: tuple[float | None, ...]
RANGES_G: tuple[tuple[float, float], ...]

class LIS3DH(FifoSensor):
    overflow: bool
    def __init__(self, i2c: Any, accel_g: int = 4, rate_hz: float = 100, address: int = 0x18) -> None: ...
    def stop(self) -> None: ...
