# SPDX-License-Identifier: MIT
# Tests of native_module/core. Included by the root Makefile.
#
# A backend of core/simd/ is a name here and the flags that choose it on this machine; what the machine lacks is a
# header in core/shim/; those of boards are not optimised, since they are again below. A name that ends in 32 has 32-bit
# pointers, as boards do. The vectors of PCs are tested as they are: on x86-64 those of AArch64 by an emulator of
# programs, with which ASan does not run. Emulated cores, one of each backend (build/boards.mk), run the vector code as
# it is, assembly included. Armv7-M's is assembly alone: without that it is the scalar one, line by line.

core_machine := $(shell uname -m)
CORE_BACKENDS := scalar $(if $(filter x86_64,$(core_machine)),scalar32 $(shell grep -qw avx2 /proc/cpuinfo && echo avx2)) \
	$(if $(filter x86_64 aarch64,$(core_machine)),neon) armv7em armv6m
core_tools := $(if $(filter x86_64,$(core_machine)),m32 fuzz aarch64)
CORE_FLAGS_scalar := -DMG_SIMD_SCALAR
CORE_FLAGS_scalar32 := -DMG_SIMD_SCALAR -m32 -msse2 -mfpmath=sse
CORE_CC_scalar32 := clang # whose sanitizers see more of 32-bit pointers than GCC's
CORE_FLAGS_avx2 := -mavx2
ifeq ($(core_machine),x86_64)
CORE_CC_neon := aarch64-linux-gnu-gcc
CORE_SANITIZERS_neon := -g -O2 -static -fsanitize=undefined,float-cast-overflow -fsanitize-undefined-trap-on-error
CORE_RUNNER_neon := qemu-aarch64,
endif
CORE_FLAGS_armv7em := -O0 -D__ARM_FEATURE_DSP=1 -D__ARM_FEATURE_SIMD32=1 -Itests/core/shim
CORE_FLAGS_armv6m := -O0 -D__ARM_ARCH_ISA_THUMB=1

FUZZ_SECONDS ?= 60
FUZZ_MAX_LEN ?= 0

CORE_BUILD := build/tests/core
CORE_SEEDS := build/tests/seeds
CORE_SOURCES := $(wildcard native_module/core/*.c native_module/core/*/*.c native_module/core/*/*/*.c)
CORE_TEST_SOURCES := $(wildcard tests/core/*.c) $(filter-out tests/fuzz/fuzz_model.c,$(wildcard tests/fuzz/*.c))
CORE_HEADERS := $(wildcard native_module/core/*.h native_module/core/*/*.h native_module/core/*/*/*.h) \
	$(wildcard tests/core/*.h tests/core/shim/*.h tests/fuzz/*.h) native_module/ops.def
CORE_WARNINGS := -std=c99 -Wall -Wextra -Wconversion -Werror
CORE_SANITIZERS := -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined,float-cast-overflow \
	-fno-sanitize-recover=all
CORE_INCLUDES := -Inative_module -Inative_module/core -Itests/core -Itests/fuzz
CORE_MODEL := host_tools/demo/wand/wand_int8.tflite

$(CORE_SEEDS)/list: $(wildcard tests/fuzz/*.py tests/fuzz/*/*.py host_tools/midge/*.py host_tools/midge/*/*.py \
		host_tools/midge/*/*/*.py) native_module/ops.def $(wildcard $(CORE_MODEL)) | $(VENV)/.ready $(LIBRARY)
	@rm -rf $(CORE_SEEDS) && mkdir -p $(CORE_SEEDS)
	@$(BIN)/python -m tests.fuzz.make_seeds $(CORE_SEEDS) $(wildcard $(CORE_MODEL))
	@ls $(CORE_SEEDS)/*.midge >$@

# core_test NAME,COMPILER AND FLAGS,LINKER'S FLAGS,FLAGS FOR THE CORE: its objects and program, $(CORE_BUILD)/NAME/test.
core_objects = $(patsubst %.c,$(CORE_BUILD)/$1/%.o,$(CORE_SOURCES) $(CORE_TEST_SOURCES))
define core_test
$(CORE_BUILD)/$1/%.o: %.c $(CORE_HEADERS) tests/core.mk
	@mkdir -p $$(@D)
	@$2 $(if $4,$$(if $$(filter native_module/%,$$<),$4)) -D_POSIX_C_SOURCE=200809L $(CORE_INCLUDES) -c $$< -o $$@
$(CORE_BUILD)/$1/test: $(call core_objects,$1)
	@$2 $$^ -o $$@ $3 -lm
endef
$(foreach name,$(CORE_BACKENDS),$(eval $(call core_test,$(name),\
	$(or $(CORE_CC_$(name)),$(CC)) $(CORE_WARNINGS) $(or $(CORE_SANITIZERS_$(name)),$(CORE_SANITIZERS)) \
	$(CORE_FLAGS_$(name)))))

CORE_LINK_arm-none-eabi-gcc := --specs=rdimon.specs -Wl,--section-start=.vectors=0
CORE_LINK_riscv64-unknown-elf-gcc := --crt0=semihost --oslib=semihost \
	-Wl,--defsym=__flash=0x80000000,--defsym=__flash_size=4M,--defsym=__ram=0x80400000,--defsym=__ram_size=64M \
	-Wl,--defsym=__stack_size=1M
CORE_SPECS_riscv64-unknown-elf-gcc := --specs=picolibc.specs
# As strict as the host's, and optimised as firmware is; what `make stack` reads comes with it.
MIDGE_DIR := native_module
include native_module/sources.mk
CORE_AS_IN_FIRMWARE = $(CORE_WARNINGS) -fstack-usage -ffp-contract=off \
	$$(if $$(filter $(addprefix native_module/core/,$(MIDGE_FAST_IN_RAM) $(MIDGE_FAST)),$$<),-O2,-Os)
$(foreach core,$(simd_cores),$(eval $(call core_test,$(core),\
	$(core_compiler_$(core)) -std=c99 -O2 $(core_flags_$(core)) -DHEAP=$(core_ram_$(core)) \
		$(CORE_SPECS_$(core_compiler_$(core))),\
	$(CORE_LINK_$(core_compiler_$(core))),$(CORE_AS_IN_FIRMWARE))))
CORE_ARM := $(foreach core,$(simd_cores),$(if $(filter arm%,$(core_compiler_$(core))),$(core)))
$(CORE_ARM:%=$(CORE_BUILD)/%/test): $(CORE_BUILD)/%/test: $(CORE_BUILD)/%/tests/core/shim/vectors.o

##@ Test
## The C core under every SIMD backend: here under sanitizers, and emulated [TEST=<part>]
.PHONY: test-core test-core-programs
test-core: $(CORE_SEEDS)/list
	@ports/toolchain.sh unix arm riscv $(core_tools)
	@+$(on_all_cores) test-core-programs
	@$(BIN)/python -m tests.core.run $(CORE_BUILD) $< $(if $(TEST),--only $(TEST)) \
		$(foreach name,$(CORE_BACKENDS),$(name)=$(CORE_RUNNER_$(name))$(CORE_BUILD)/$(name)/test) \
		$(foreach core,$(simd_cores),--emulated \
		$(core_simd_$(core))=$(CORE_BUILD)/$(core)/test,$(core_system_$(core)),$(core_machine_$(core)))

test-core-programs: $(patsubst %,$(CORE_BUILD)/%/test,$(CORE_BACKENDS) $(simd_cores))

## Each check of the validator, taken away, fails a test; an hour [FILE=<part of a name>]
.PHONY: test-core-mutants
test-core-mutants: $(CORE_SEEDS)/list
	@CC="$(CC)" $(BIN)/python tests/core/mutants.py build/tests/mutants $(CORE_SEEDS)/list /dev/null $(FILE)

##@ Measure
## The functions that take most stack on a Cortex-M4, in bytes [N=20]
.PHONY: stack
stack:
	@ports/toolchain.sh arm
	@$(MAKE) $(CORE_SOURCES:%.c=$(CORE_BUILD)/cortex-m4/%.o)
	@cat $(CORE_SOURCES:%.c=$(CORE_BUILD)/cortex-m4/%.su) | sed 's/^native_module.core.//' | \
		awk -F '\t' '{ n = split($$1, at, ":"); printf "%6d  %s (%s)\n", $$2, at[n], at[1] }' | \
		sort -rn | head -n $(or $(N),20)

FUZZER := build/fuzz/fuzz_model

$(FUZZER): $(wildcard tests/fuzz/*.c) $(CORE_SOURCES) $(CORE_HEADERS) tests/core.mk
	@ports/toolchain.sh fuzz
	@mkdir -p build/fuzz
	@clang $(CORE_WARNINGS) -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $(CORE_INCLUDES) \
		$(CORE_SOURCES) $(filter tests/fuzz/%.c,$^) -o $@

##@ Test
## Damaged models against the core under sanitizers [FUZZ_SECONDS=60 FUZZ_MAX_LEN=65536]
.PHONY: fuzz
fuzz: $(FUZZER) $(CORE_SEEDS)/list
	@$(BIN)/python -m tests.fuzz.run $(FUZZER) $(CORE_SEEDS) --seconds $(FUZZ_SECONDS) --longest $(FUZZ_MAX_LEN)

## Damaged files of every kind against the converter and the readers [READERS_SECONDS=20]
.PHONY: fuzz-readers
READERS_SECONDS ?= 20
fuzz-readers: $(VENV)/.ready-to-test $(LIBRARY)
	@$(BIN)/python -m tests.fuzz.readers --seconds $(READERS_SECONDS) --seed $(or $(SEED),0)
