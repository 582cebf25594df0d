# SPDX-License-Identifier: MIT
# Mount the flash region, with a new file system when it holds none, and make it home.
import os
import sys
import vfs

import qemu

flash = qemu.Flash()
try:
    fs = vfs.VfsLfs2(flash)
except OSError:
    vfs.VfsLfs2.mkfs(flash)
    fs = vfs.VfsLfs2(flash)
vfs.mount(fs, "/flash")
os.chdir("/flash")
sys.path += ["/flash", "/flash/lib"]
