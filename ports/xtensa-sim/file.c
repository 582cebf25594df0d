/* SPDX-License-Identifier: MIT
 *
 * Files of the host: open() for reading or writing bytes or text, os.remove(), and what imports need.
 */
#include <string.h>

#include "py/builtin.h"
#include "py/lexer.h"
#include "py/mperrno.h"
#include "py/reader.h"
#include "py/runtime.h"
#include "py/stream.h"

#include "port.h"

#define WRITE_ANEW (1 | 0100 | 01000) /* O_WRONLY, O_CREAT, O_TRUNC */

typedef struct {
    mp_obj_base_t base;
    int fd;
} file_t;

static int open_for_reading(const char *path) {
    return port_syscall(SYS_OPEN, (int)path, 0, 0);
}

static mp_uint_t file_read(mp_obj_t self, void *buffer, mp_uint_t size, int *error) {
    int n = port_syscall(SYS_READ, ((file_t *)MP_OBJ_TO_PTR(self))->fd, (int)buffer, (int)size);
    if (n < 0) {
        *error = -n;
        return MP_STREAM_ERROR;
    }
    return (mp_uint_t)n;
}

static mp_uint_t file_write(mp_obj_t self, const void *buffer, mp_uint_t size, int *error) {
    int n = port_syscall(SYS_WRITE, ((file_t *)MP_OBJ_TO_PTR(self))->fd, (int)buffer, (int)size);
    if (n < 0) {
        *error = -n;
        return MP_STREAM_ERROR;
    }
    return (mp_uint_t)n;
}

static mp_uint_t file_ioctl(mp_obj_t self, mp_uint_t request, uintptr_t argument, int *error) {
    file_t *file = MP_OBJ_TO_PTR(self);
    if (request == MP_STREAM_CLOSE) {
        if (file->fd >= 0) {
            port_syscall(SYS_CLOSE, file->fd, 0, 0);
        }
        file->fd = -1;
        return 0;
    }
    if (request == MP_STREAM_SEEK) {
        struct mp_stream_seek_t *seek = (struct mp_stream_seek_t *)argument;
        seek->offset = port_syscall(SYS_LSEEK, file->fd, (int)seek->offset, seek->whence);
        return 0;
    }
    *error = MP_EINVAL;
    return MP_STREAM_ERROR;
}

static const mp_rom_map_elem_t file_methods[] = {
    {MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&mp_stream_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&mp_stream_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&mp_stream_readinto_obj)},
    {MP_ROM_QSTR(MP_QSTR_readline), MP_ROM_PTR(&mp_stream_unbuffered_readline_obj)},
    {MP_ROM_QSTR(MP_QSTR_seek), MP_ROM_PTR(&mp_stream_seek_obj)},
    {MP_ROM_QSTR(MP_QSTR_tell), MP_ROM_PTR(&mp_stream_tell_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&mp_stream_close_obj)},
    {MP_ROM_QSTR(MP_QSTR___enter__), MP_ROM_PTR(&mp_identity_obj)},
    {MP_ROM_QSTR(MP_QSTR___exit__), MP_ROM_PTR(&mp_stream___exit___obj)},
};
static MP_DEFINE_CONST_DICT(file_dict, file_methods);

static const mp_stream_p_t bytes_stream = {.read = file_read, .write = file_write, .ioctl = file_ioctl};
static MP_DEFINE_CONST_OBJ_TYPE(bytes_file_type, MP_QSTR_FileIO, MP_TYPE_FLAG_ITER_IS_STREAM, protocol, &bytes_stream,
                                locals_dict, &file_dict);

static const mp_stream_p_t text_stream = {.read = file_read, .write = file_write, .ioctl = file_ioctl, .is_text = true};
static MP_DEFINE_CONST_OBJ_TYPE(text_file_type, MP_QSTR_TextIOWrapper, MP_TYPE_FLAG_ITER_IS_STREAM, protocol,
                                &text_stream, locals_dict, &file_dict);

mp_obj_t mp_builtin_open(size_t n_args, const mp_obj_t *args, mp_map_t *keywords) {
    (void)keywords;
    const char *mode = n_args > 1 ? mp_obj_str_get_str(args[1]) : "r";
    if ((mode[0] != 'r' && mode[0] != 'w') || strchr(mode, '+') != NULL) {
        mp_raise_OSError(MP_EINVAL);
    }
    const char *path = mp_obj_str_get_str(args[0]);
    int fd = mode[0] == 'r' ? open_for_reading(path) : port_syscall(SYS_OPEN, (int)path, WRITE_ANEW, 0644);
    if (fd < 0) {
        mp_raise_OSError_with_filename(-fd, path);
    }
    file_t *file = mp_obj_malloc(file_t, strchr(mode, 'b') != NULL ? &bytes_file_type : &text_file_type);
    file->fd = fd;
    return MP_OBJ_FROM_PTR(file);
}
MP_DEFINE_CONST_FUN_OBJ_KW(mp_builtin_open_obj, 1, mp_builtin_open);

/* Reads on as it is asked, as boards do: an import needs no memory for the file. */
typedef struct {
    int fd;
    size_t at, size;
    byte bytes[256];
} reader_t;

static mp_uint_t reader_next(void *data) {
    reader_t *reader = data;
    if (reader->at == reader->size) {
        int n = port_syscall(SYS_READ, reader->fd, (int)reader->bytes, sizeof reader->bytes);
        if (n <= 0) {
            return MP_READER_EOF;
        }
        reader->at = 0;
        reader->size = (size_t)n;
    }
    return reader->bytes[reader->at++];
}

static void reader_close(void *data) {
    reader_t *reader = data;
    port_syscall(SYS_CLOSE, reader->fd, 0, 0);
    m_del_obj(reader_t, reader);
}

void mp_reader_new_file(mp_reader_t *result, qstr filename) {
    reader_t *reader = m_new_obj(reader_t);
    reader->fd = open_for_reading(qstr_str(filename));
    reader->at = reader->size = 0;
    if (reader->fd < 0) {
        mp_raise_OSError_with_filename(-reader->fd, qstr_str(filename));
    }
    result->data = reader;
    result->readbyte = reader_next;
    result->close = reader_close;
}

mp_lexer_t *mp_lexer_new_from_file(qstr filename) {
    mp_reader_t reader;
    mp_reader_new_file(&reader, filename);
    return mp_lexer_new(filename, reader);
}

/* A folder can be opened but not read. */
mp_import_stat_t mp_import_stat(const char *path) {
    int fd = open_for_reading(path);
    if (fd < 0) {
        return MP_IMPORT_STAT_NO_EXIST;
    }
    char c;
    int n = port_syscall(SYS_READ, fd, (int)&c, 1);
    port_syscall(SYS_CLOSE, fd, 0, 0);
    return n < 0 ? MP_IMPORT_STAT_DIR : MP_IMPORT_STAT_FILE;
}

static mp_obj_t os_remove(mp_obj_t path) {
    int result = port_syscall(SYS_UNLINK, (int)mp_obj_str_get_str(path), 0, 0);
    if (result < 0) {
        mp_raise_OSError(-result);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(os_remove_obj, os_remove);

static const mp_rom_map_elem_t os_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_os)},
    {MP_ROM_QSTR(MP_QSTR_remove), MP_ROM_PTR(&os_remove_obj)},
};
static MP_DEFINE_CONST_DICT(os_globals, os_table);

const mp_obj_module_t port_os_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&os_globals,
};
MP_REGISTER_MODULE(MP_QSTR_os, port_os_module);
