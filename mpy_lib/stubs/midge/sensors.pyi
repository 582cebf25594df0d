# SPDX-License-Identifier: MIT
from typing import Any

def find(i2c: Any, rate_hz: float = 100, accel_g: float = 4, gyro_dps: float | None = 500) -> Any: ...
