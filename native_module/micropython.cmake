# SPDX-License-Identifier: MIT
# Midge as a user C module: USER_C_MODULES=<this file>
file(GLOB MIDGE_CORE ${CMAKE_CURRENT_LIST_DIR}/core/*.c ${CMAKE_CURRENT_LIST_DIR}/core/kernels/*.c)

add_library(usermod_midge INTERFACE)
target_sources(usermod_midge INTERFACE ${CMAKE_CURRENT_LIST_DIR}/binding/modmidge.c ${MIDGE_CORE})
target_link_libraries(usermod INTERFACE usermod_midge)

# Only the kernels for speed: a board's port is compiled for size. A source's options belong to the
# folder that adds it, hence the property on the directory of MicroPython's own target.
set_source_files_properties(${MIDGE_CORE} DIRECTORY ${CMAKE_SOURCE_DIR} PROPERTIES COMPILE_OPTIONS -O2)
