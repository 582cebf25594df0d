# SPDX-License-Identifier: MIT
"""Inertial sensors at their registers, on a fake I2C bus whose clock goes on with what is sent over it.

Each part fills its FIFO by the clock and loses what its data sheet says: whole samples, or as many words or bytes as
the FIFO is short of. Sample number n has n in its first column and 16 * column + n % 16 in the others, in g first and
degrees per second after; what the part puts first in its FIFO is its own affair.
"""

ENODEV = 19


def value(n, column):
    """Return the raw value of a column of sample n."""
    return n if column == 0 else 16 * column + n % 16


class Bus:
    """A machine.I2C with parts on it. `ms` is its time; a transfer takes what it takes at 400 kHz, plus lag_ms."""

    def __init__(self, *parts, lag_ms=0):
        self.ms = 0.0
        self.lag_ms = lag_ms
        self.transfers = 0
        self.parts = {part.address: part for part in parts}
        for part in parts:
            part.bus = self

    def wait(self, ms):
        self.ms += ms

    def scan(self):
        return sorted(self.parts)

    def readfrom_mem(self, address, register, count):
        buffer = bytearray(count)
        self.readfrom_mem_into(address, register, buffer)
        return bytes(buffer)

    def readfrom_mem_into(self, address, register, buffer):
        samples = not isinstance(buffer, bytearray)
        count = len(buffer) * (2 if samples else 1)
        content = self._part(address, count).read_bytes(register, count)
        for i in range(len(buffer)):
            if samples:
                number = content[2 * i] | content[2 * i + 1] << 8
                buffer[i] = number - 0x10000 if number & 0x8000 else number
            else:
                buffer[i] = content[i]

    def writeto_mem(self, address, register, buffer):
        part = self._part(address, len(buffer))
        for i in range(len(buffer)):
            part.write(register if part.stays(register) else register + i, buffer[i])

    def _part(self, address, count):
        self.transfers += 1
        self.ms += (count + 3) * 9 / 400 + self.lag_ms
        if address not in self.parts:
            raise OSError(ENODEV)
        return self.parts[address]


class Part:
    """What all parts are: registers, and samples by the clock. A subclass keeps them in its own kind of FIFO."""

    identity_register = 0x0F

    def __init__(self, address, identity):
        self.address = address
        self.registers = {self.identity_register: identity}
        self.fifo = []
        self.begin_ms = 0
        self.taken = 0  # samples that went into the FIFO since the rate was set
        self.overran = False

    def rate_hz(self):
        """Return the samples per second that its registers ask for."""
        raise NotImplementedError

    def put(self, n):
        """Put sample n into the FIFO."""
        raise NotImplementedError

    def fifo_on(self):
        raise NotImplementedError

    def stays(self, register):
        """Tell whether a transfer of several bytes stays at this register."""
        return False

    def restart(self):
        self.begin_ms, self.taken = self.bus.ms, 0

    def measure(self):
        due = int((self.bus.ms - self.begin_ms) * self.rate_hz() / 1000 + 1e-6)
        while self.taken < due:
            if self.fifo_on():
                self.put(self.taken)
            self.taken += 1

    def read_bytes(self, register, count):
        self.measure()
        content = bytearray()
        while len(content) < count:
            content.append(self.read(register))
            register = self.following(register)
        return content

    def following(self, register):
        return register + 1

    def read(self, register):
        return self.registers.get(register, 0)

    def write(self, register, number):
        self.measure()
        rate = self.rate_hz()
        self.registers[register] = number
        if self.rate_hz() != rate:
            self.restart()


def low_first(values):
    return [byte for value in values for byte in (value & 0xFF, value >> 8 & 0xFF)]


class SampleFifo(Part):
    """A FIFO of 32 whole samples that drops the oldest; the outputs are its front."""

    depth = 32
    at = 0

    def put(self, n):
        self.fifo.append(n)
        if len(self.fifo) > self.depth:
            del self.fifo[0]
            self.overran = True

    def take(self, columns, byte):
        """Return a byte of the front sample; its last byte lets it go."""
        if not self.fifo:
            return 0
        content = low_first([value(self.fifo[0], column) for column in columns])[byte]
        if byte == 2 * len(columns) - 1:
            del self.fifo[0]
            self.overran = False
        return content


class FakeLSM9DS1(SampleFifo):
    """DocID025715. With the gyroscope on, a transfer goes round from 0x1D to 0x28 and from 0x2D to 0x18."""

    def __init__(self):
        super().__init__(0x6B, 0x68)

    def gyro(self):
        return self.registers.get(0x10, 0) >> 5

    def rate_hz(self):
        if self.gyro():
            return (0, 14.9, 59.5, 119, 238, 476, 952)[self.gyro()]
        return (0, 10, 50, 119, 238, 476, 952)[self.registers.get(0x20, 0) >> 5]

    def fifo_on(self):
        return self.registers.get(0x23, 0) & 2 and self.registers.get(0x2E, 0) >> 5 == 6

    def following(self, register):
        if register == 0x2D:
            return 0x18 if self.gyro() else 0x28
        return 0x28 if register == 0x1D else register + 1

    def read(self, register):
        if register == 0x2F:
            return len(self.fifo) | (0x40 if self.overran else 0)
        if 0x18 <= register <= 0x1D:
            return low_first([value(self.fifo[0], column) for column in (3, 4, 5)])[register - 0x18]
        if 0x28 <= register <= 0x2D:
            return self.take((0, 1, 2), register - 0x28)
        return super().read(register)

    def write(self, register, number):
        super().write(register, number)
        if register == 0x2E and number == 0:
            self.fifo, self.overran = [], False


class FakeLIS3DH(SampleFifo):
    """DocID17530 and AN3308. Bit 7 of the sub-address makes it count up, and it goes round in the outputs."""

    def __init__(self):
        super().__init__(0x18, 0x33)

    def rate_hz(self):
        return (0, 1, 10, 25, 50, 100, 200, 400)[self.registers.get(0x20, 0) >> 4 & 7]

    def fifo_on(self):
        return self.registers.get(0x24, 0) & 0x40 and self.registers.get(0x2E, 0) >> 6 == 2

    def following(self, register):
        if not register & 0x80:
            return register
        return 0xA8 if register == 0xAD else register + 1

    def read(self, register):
        register &= 0x7F
        if register == 0x2F:
            full = len(self.fifo) == 32
            return (0x40 | 31) if full else len(self.fifo) or 0x20
        if 0x28 <= register <= 0x2D:
            return self.take((0, 1, 2), register - 0x28)
        return super().read(register)

    def write(self, register, number):
        super().write(register, number)
        if register == 0x2E and number == 0:
            self.fifo = []


class FakeADXL345(SampleFifo):
    """ADXL345 revision E. A transfer moves at most one sample out; the address does not go round."""

    identity_register = 0

    def __init__(self):
        super().__init__(0x53, 0xE5)

    def rate_hz(self):
        if not self.registers.get(0x2D, 0) & 8:
            return 0
        return 100 * 2.0 ** (self.registers.get(0x2C, 10) - 10)

    def fifo_on(self):
        return self.registers.get(0x38, 0) >> 6 == 2

    def read(self, register):
        if register == 0x39:
            return len(self.fifo)
        if register == 0x30:
            return 1 if self.overran else 0
        if 0x32 <= register <= 0x37:
            return self.take((0, 1, 2), register - 0x32)
        return 0 if register > 0x39 else super().read(register)

    def write(self, register, number):
        super().write(register, number)
        if register == 0x38 and number == 0:
            self.fifo, self.overran = [], False


class WordFifo(Part):
    """A FIFO of bytes that drops as many of the oldest as it is short of, wherever samples begin and end."""

    capacity = 0
    ring = None  # the bytes, from `first` on and round
    first = count = 0

    def order(self):
        """Return the columns of a sample in the order in which the part stores them."""
        raise NotImplementedError

    def put(self, n):
        if self.ring is None:
            self.ring = bytearray(self.capacity)
        for byte in self.stored([value(n, column) for column in self.order()], n):
            if self.count == self.capacity:
                self.pop()
                self.overran = True
            self.ring[(self.first + self.count) % self.capacity] = byte
            self.count += 1

    def stored(self, values, n):
        return low_first(values)

    def pop(self):
        if not self.count:
            return 0
        byte = self.ring[self.first]
        self.first = (self.first + 1) % self.capacity
        self.count -= 1
        return byte


class FakeLSM6DS(WordFifo):
    """What both kinds have in common: their rates, a level in words, and a FIFO that mode 0 empties."""

    word = 0  # bytes of a word
    first_data, last_data = 0, 0  # the registers that a burst goes round and round
    high_level = 0  # the bits of the level in its second register

    def rate_hz(self):
        return (0, 12.5, 26, 52, 104, 208, 416, 833, 1660)[self.registers.get(0x10, 0) >> 4]

    def following(self, register):
        return self.first_data if register == self.last_data else register + 1

    def read(self, register):
        words = self.count // self.word
        if register == 0x3A:
            return words & 0xFF
        if register == 0x3B:
            return words >> 8 & self.high_level | (0x40 if self.overran else 0)
        if self.first_data <= register <= self.last_data:
            return self.pop()
        return super().read(register)

    def write(self, register, number):
        super().write(register, number)
        if register == 0x0A and number & 7 == 0:
            self.count, self.overran = 0, False


class FakeLSM6DS3(FakeLSM6DS):
    """DocID026899: 4,096 words of two bytes, the gyroscope's before the accelerometer's."""

    capacity = 8192
    word, first_data, last_data, high_level = 2, 0x3E, 0x3F, 0x0F

    def __init__(self, identity=0x69):
        super().__init__(0x6A, identity)

    def order(self):
        return (3, 4, 5, 0, 1, 2) if self.registers.get(0x08, 0) >> 3 & 7 else (0, 1, 2)

    def fifo_on(self):
        control = self.registers.get(0x0A, 0)
        return control & 7 == 6 and control >> 3 == self.registers.get(0x10, 0) >> 4


class FakeLSM6DSOX(FakeLSM6DS):
    """DS12814: 512 words of a tag and six bytes; now the one sensor comes first, now the other."""

    capacity = 7 * 512
    word, first_data, last_data, high_level = 7, 0x78, 0x7E, 3

    def __init__(self):
        super().__init__(0x6A, 0x6C)

    def order(self):
        return (0, 1, 2)

    def fifo_on(self):
        return self.registers.get(0x0A, 0) & 7 == 6 and self.registers.get(0x09, 0) & 0x0F

    def stored(self, values, n):
        words = [[0x02 << 3] + low_first(values)]
        if self.registers.get(0x09, 0) >> 4:
            gyro = [0x01 << 3] + low_first([value(n, column) for column in (3, 4, 5)])
            words.insert(n // 5 % 2, gyro)
        return [byte for word in words for byte in word]


class FakeMPU6050(WordFifo):
    """RM-MPU-6000A-00: bytes, the high one first; the overflow bit goes when it is read, the FIFO stays askew."""

    identity_register = 0x75

    def __init__(self, identity=0x68):
        super().__init__(0x68, identity)
        self.capacity = 1024 if identity == 0x68 else 512

    def rate_hz(self):
        asleep = self.registers.get(0x6B, 0x40) & 0x40
        return 0 if asleep else 1000 / (1 + self.registers.get(0x19, 0))

    def order(self):
        return (0, 1, 2, 3, 4, 5) if self.registers.get(0x23, 0) & 0x70 else (0, 1, 2)

    def fifo_on(self):
        return self.registers.get(0x6A, 0) & 0x40

    def stored(self, values, n):
        return [byte for value in values for byte in (value >> 8 & 0xFF, value & 0xFF)]

    def following(self, register):
        return register if register == 0x74 else register + 1

    def read(self, register):
        if register == 0x72:
            return self.count >> 8
        if register == 0x73:
            return self.count & 0xFF
        if register == 0x74:
            return self.pop()
        if register == 0x3A:
            overran, self.overran = self.overran, False
            return 0x10 if overran and self.registers.get(0x38, 0) & 0x10 else 0
        return super().read(register)

    def write(self, register, number):
        super().write(register, number)
        if register == 0x6A and number & 0x04:
            self.count = 0


class FakeBMI270(WordFifo):
    """BST-BMI270-DS000-07: silent without its configuration; whole frames go when 2,048 bytes are full."""

    capacity = 2048
    identity_register = 0

    def __init__(self, config):
        super().__init__(0x68, 0x24)
        self.config, self.works = config, False
        self.taken_bytes, self.right = 0, True

    def rate_hz(self):
        on = self.works and self.registers.get(0x7D, 0) & 4
        return 100 * 2.0 ** ((self.registers.get(0x40, 0) & 0x0F) - 8) if on else 0

    def order(self):
        return (3, 4, 5, 0, 1, 2) if self.registers.get(0x49, 0) & 0x80 else (0, 1, 2)

    def fifo_on(self):
        return self.registers.get(0x49, 0) & 0xC0

    def put(self, n):
        frame = 2 * len(self.order())
        if self.count + frame > self.capacity:
            for _ in range(frame):
                self.pop()
        super().put(n)

    def stays(self, register):
        return register == 0x5E

    def following(self, register):
        return register if register == 0x26 else register + 1

    def read(self, register):
        if register == 0x21:
            return 1 if self.works else 2
        if register == 0x24:
            return self.count & 0xFF
        if register == 0x25:
            return self.count >> 8
        if register == 0x26:
            return self.pop()
        return super().read(register)

    def write(self, register, number):
        super().write(register, number)
        if register == 0x5B:
            self.at = 2 * (number & 0x0F)
        elif register == 0x5C:
            self.at |= number << 5
        elif register == 0x5E:
            self.right = self.right and self.config[self.at] == number
            self.taken_bytes += 1
            self.at += 1
        elif register == 0x59 and number & 1:
            self.works = self.right and self.taken_bytes == len(self.config)
            self.restart()
        elif register == 0x7E and number == 0xB0:
            self.count = 0
        elif register == 0x7E and number == 0xB6:
            self.taken_bytes, self.right, self.works = 0, True, False
