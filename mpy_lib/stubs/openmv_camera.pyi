# SPDX-License-Identifier: MIT
class OpenMVCamera:
    format: str
    size: str
    lost: int
    def __init__(
        self, width: int = 320, height: int = 240, format: str = "rgb565le", settle_ms: int = 2000, fresh: bool = True
    ) -> None: ...
    def capture(self) -> bytearray: ...
