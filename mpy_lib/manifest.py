# SPDX-License-Identifier: MIT
# The device package for firmware, frozen as byte code that is executed in place: importing it takes next to no RAM.
#
#     include("$(MIDGE)/mpy_lib/manifest.py")                          # make ... MICROPY_MANIFEST_MIDGE=<repository>
#     include("$(MIDGE)/mpy_lib/manifest.py", profile=False)           # without model.profile()
#     include("$(MIDGE)/mpy_lib/manifest.py", drivers=("lsm9ds1",))    # with files of mpy_lib/drivers
#
# Every feature of the package is a file, and an option of the file's name that is False leaves it out; calling the
# feature is then an ImportError.
import os

options.defaults(drivers=())

features = sorted(name for name in os.listdir("midge") if name.endswith(".py"))
package("midge", files=[name for name in features if getattr(options, name[:-3]) is not False])
shared = ("counted_microphone", "fifo_sensor", "microphone", "pdm_filter", "pio_camera")
wanted = list(options.drivers)
for driver in wanted:  # and what they build on, which may build on something
    text = open("drivers/%s.py" % driver).read()
    wanted += [base for base in shared if "from %s import" % base in text and base not in wanted]
for driver in wanted:
    module(driver + ".py", base_path="drivers")
