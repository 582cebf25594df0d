// SPDX-License-Identifier: MIT
// The board's two flash regions. Both are plain memory that the host keeps in a file: one is a
// block device for littlefs, the other is ROMFS, read where it lies.
#include <string.h>

#include "py/mperrno.h"
#include "py/objarray.h"
#include "py/runtime.h"
#include "extmod/vfs.h"

#include "board.h"
#include "port.h"

#define FLASH ((uint8_t *)BOARD_FLASH_ADDRESS)
#define FLASH_BLOCK_BYTES 4096

// Flash: the block device ------------------------------------------------------------------------

extern const mp_obj_type_t qemu_flash_type;

static const mp_obj_base_t flash_object = {&qemu_flash_type};

static mp_obj_t flash_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 0, 0, false);
    return MP_OBJ_FROM_PTR(&flash_object);
}

// Arguments as the block protocol has them: (block, buffer, offset=0). NULL when they leave the
// region.
static uint8_t *flash_place(size_t n_args, const mp_obj_t *args, mp_buffer_info_t *buffer, mp_uint_t access) {
    mp_get_buffer_raise(args[2], buffer, access);
    uint64_t start = (uint64_t)(mp_uint_t)mp_obj_get_int(args[1]) * FLASH_BLOCK_BYTES;
    start += n_args > 3 ? (mp_uint_t)mp_obj_get_int(args[3]) : 0;
    return start + buffer->len <= BOARD_FLASH_BYTES ? FLASH + start : NULL;
}

static mp_obj_t flash_readblocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t buffer;
    const uint8_t *place = flash_place(n_args, args, &buffer, MP_BUFFER_WRITE);
    if (place == NULL) {
        return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
    }
    memcpy(buffer.buf, place, buffer.len);
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flash_readblocks_obj, 3, 4, flash_readblocks);

static mp_obj_t flash_writeblocks(size_t n_args, const mp_obj_t *args) {
    mp_buffer_info_t buffer;
    uint8_t *place = flash_place(n_args, args, &buffer, MP_BUFFER_READ);
    if (place == NULL) {
        return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
    }
    memcpy(place, buffer.buf, buffer.len);
    return MP_OBJ_NEW_SMALL_INT(0);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(flash_writeblocks_obj, 3, 4, flash_writeblocks);

static mp_obj_t flash_ioctl(mp_obj_t self, mp_obj_t command, mp_obj_t argument) {
    switch (mp_obj_get_int(command)) {
        case MP_BLOCKDEV_IOCTL_BLOCK_COUNT: return MP_OBJ_NEW_SMALL_INT(BOARD_FLASH_BYTES / FLASH_BLOCK_BYTES);
        case MP_BLOCKDEV_IOCTL_BLOCK_SIZE: return MP_OBJ_NEW_SMALL_INT(FLASH_BLOCK_BYTES);
        case MP_BLOCKDEV_IOCTL_INIT:
        case MP_BLOCKDEV_IOCTL_DEINIT:
        case MP_BLOCKDEV_IOCTL_SYNC:
        case MP_BLOCKDEV_IOCTL_BLOCK_ERASE:  // memory needs none
            return MP_OBJ_NEW_SMALL_INT(0);
        default: return mp_const_none;
    }
}
static MP_DEFINE_CONST_FUN_OBJ_3(flash_ioctl_obj, flash_ioctl);

static const mp_rom_map_elem_t flash_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_readblocks), MP_ROM_PTR(&flash_readblocks_obj)},
    {MP_ROM_QSTR(MP_QSTR_writeblocks), MP_ROM_PTR(&flash_writeblocks_obj)},
    {MP_ROM_QSTR(MP_QSTR_ioctl), MP_ROM_PTR(&flash_ioctl_obj)},
};
static MP_DEFINE_CONST_DICT(flash_locals, flash_locals_table);

MP_DEFINE_CONST_OBJ_TYPE(qemu_flash_type, MP_QSTR_Flash, MP_TYPE_FLAG_NONE, make_new, flash_make_new, locals_dict,
                         &flash_locals);

// ROMFS: one segment, writable only through vfs.rom_ioctl, which `mpremote romfs deploy` uses ----

static const MP_DEFINE_MEMORYVIEW_OBJ(romfs_object, 'B', 0, BOARD_ROMFS_BYTES, (void *)BOARD_ROMFS_ADDRESS);

static bool in_romfs(mp_int_t offset, size_t length) {
    return offset >= 0 && (uint64_t)offset + length <= BOARD_ROMFS_BYTES;
}

mp_obj_t mp_vfs_rom_ioctl(size_t n_args, const mp_obj_t *args) {
    uint8_t *romfs = (uint8_t *)BOARD_ROMFS_ADDRESS;
    mp_int_t command = mp_obj_get_int(args[0]);
    if (command == MP_VFS_ROM_IOCTL_GET_NUMBER_OF_SEGMENTS) {
        return MP_OBJ_NEW_SMALL_INT(1);
    }
    if (n_args >= 2 && mp_obj_get_int(args[1]) == 0) {
        if (command == MP_VFS_ROM_IOCTL_GET_SEGMENT) {
            return MP_OBJ_FROM_PTR(&romfs_object);
        }
        if (command == MP_VFS_ROM_IOCTL_WRITE_PREPARE && n_args == 3) {
            mp_uint_t length = mp_obj_get_int(args[2]);
            if (in_romfs(0, length)) {
                cpu_protect_rom(false);
                memset(romfs, 0xff, length);
                return MP_OBJ_NEW_SMALL_INT(4);  // the smallest unit of a write
            }
        }
        if (command == MP_VFS_ROM_IOCTL_WRITE && n_args == 4) {
            mp_buffer_info_t buffer;
            mp_get_buffer_raise(args[3], &buffer, MP_BUFFER_READ);
            mp_int_t offset = mp_obj_get_int(args[2]);
            if (in_romfs(offset, buffer.len)) {
                cpu_protect_rom(false);
                memcpy(romfs + offset, buffer.buf, buffer.len);
                return MP_OBJ_NEW_SMALL_INT(0);
            }
        }
        if (command == MP_VFS_ROM_IOCTL_WRITE_COMPLETE) {
            cpu_protect_rom(true);
            return MP_OBJ_NEW_SMALL_INT(0);
        }
    }
    return MP_OBJ_NEW_SMALL_INT(-MP_EINVAL);
}
