# SPDX-License-Identifier: MIT
# Midge as a user C module: USER_C_MODULES=<this file>
file(GLOB MIDGE_CORE ${CMAKE_CURRENT_LIST_DIR}/core/*.c ${CMAKE_CURRENT_LIST_DIR}/core/kernels/*.c)

add_library(usermod_midge INTERFACE)
target_sources(usermod_midge INTERFACE
    ${CMAKE_CURRENT_LIST_DIR}/binding/modmidge.c
    ${CMAKE_CURRENT_LIST_DIR}/binding/data.c
    ${MIDGE_CORE})
target_link_libraries(usermod INTERFACE usermod_midge)

# Only these files, and only the core for speed: a board's port is compiled for size.
set_source_files_properties(${MIDGE_CORE} PROPERTIES COMPILE_OPTIONS "-O2;-ffp-contract=off")
