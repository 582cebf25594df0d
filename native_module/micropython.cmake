# SPDX-License-Identifier: MIT
# Midge as a user C module of ports that build with CMake (rp2, esp32): USER_C_MODULES=<this file>
# MIDGE_OPS, a CMake or environment variable, names a file of select_ops.py for a build that leaves out ops.
file(GLOB_RECURSE MIDGE_CORE CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/core/*.c)

add_library(usermod_midge INTERFACE)
target_sources(usermod_midge INTERFACE
    ${CMAKE_CURRENT_LIST_DIR}/binding/modmidge.c
    ${CMAKE_CURRENT_LIST_DIR}/binding/data.c
    ${CMAKE_CURRENT_LIST_DIR}/binding/learn.c
    ${MIDGE_CORE})
target_link_libraries(usermod INTERFACE usermod_midge)

# Files for speed, as sources.mk lists them; the others as small as the rest of a board's port.
file(READ ${CMAKE_CURRENT_LIST_DIR}/sources.mk MIDGE_SOURCES)
string(REGEX MATCH "MIDGE_FAST_IN_RAM :=[^)]*" MIDGE_SOURCES "${MIDGE_SOURCES}")
string(REGEX MATCHALL "[a-z0-9_/]+[.]c" MIDGE_FAST "${MIDGE_SOURCES}")
if(NOT MIDGE_FAST)
    message(FATAL_ERROR "no MIDGE_FAST in ${CMAKE_CURRENT_LIST_DIR}/sources.mk")
endif()
list(TRANSFORM MIDGE_FAST PREPEND ${CMAKE_CURRENT_LIST_DIR}/core/)

if(NOT MIDGE_OPS)
    set(MIDGE_OPS $ENV{MIDGE_OPS})
endif()
if(MIDGE_OPS)
    set_property(SOURCE ${MIDGE_CORE} ${CMAKE_CURRENT_LIST_DIR}/binding/modmidge.c
        APPEND PROPERTY COMPILE_DEFINITIONS "MG_OPS=\"${MIDGE_OPS}\"")
    set_property(SOURCE ${MIDGE_CORE} APPEND PROPERTY OBJECT_DEPENDS ${MIDGE_OPS})
endif()
set_property(SOURCE ${MIDGE_CORE} APPEND PROPERTY COMPILE_OPTIONS -ffp-contract=off)
set_property(SOURCE ${MIDGE_CORE} APPEND PROPERTY COMPILE_DEFINITIONS MG_TERSE)
set_property(SOURCE ${MIDGE_FAST} APPEND PROPERTY COMPILE_OPTIONS -O2)
