/* SPDX-License-Identifier: MIT
 *
 * The plugin that XTENSA_GNU_CONFIG names: it tells binutils and GCC of the lx106 which core they work for.
 */
#define XTENSA_CONFIG_DEFINITION
#include "core.h"
#include "xtensa-dynconfig.h"

XTENSA_CONFIG_INSTANCE_LIST;
int plugin_is_GPL_compatible;

#undef XTENSA_CONFIG_ENTRY
#define TEXT_OF(x) #x
#define VALUE_OF(x) TEXT_OF(x)
#define XTENSA_CONFIG_ENTRY(name) "__" #name "=" VALUE_OF(name)
const char *const xtensa_config_strings[] = {XTENSA_CONFIG_ENTRY_LIST, 0};
