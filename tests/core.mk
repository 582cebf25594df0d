# SPDX-License-Identifier: MIT
# Tests of native_module/core. Included by the root Makefile.
#
#   make test-core                       all of them under every backend: on the host with sanitizers,
#                                        and on emulated boards
#   make test-core TEST=conv             those whose name contains "conv"
#   make test-core-mutants [FILE=conv]   that each check of the validator, or of such files, has a test (an hour)
#   make fuzz FUZZ_SECONDS=60            hostile files; FUZZ_MAX_LEN=65536 for large ones
#   make stack                           bytes of stack a function takes on a Cortex-M4
#
# A backend of core/simd/ is a name here and the flags that choose it on this machine; what the
# machine lacks is a header in core/shim/. A name that ends in 32 has 32-bit pointers, as boards do.

CORE_BACKENDS := scalar scalar32 armv7em armv6m armv7m
CORE_FLAGS_scalar := -DMG_SIMD_SCALAR
CORE_FLAGS_scalar32 := -DMG_SIMD_SCALAR -m32 -msse2 -mfpmath=sse
CORE_FLAGS_armv7em := -D__ARM_FEATURE_DSP=1 -D__ARM_FEATURE_SIMD32=1 -Itests/core/shim
CORE_FLAGS_armv6m := -D__ARM_ARCH_ISA_THUMB=1
CORE_FLAGS_armv7m := -D__ARM_ARCH_ISA_THUMB=2

# Boards that QEMU emulates run the vector code as it is, assembly included.
CORE_BOARDS := cortex-m4 cortex-m3 cortex-m0plus cortex-m55
CORE_FLAGS_cortex-m4 := -mcpu=cortex-m4 -mthumb
CORE_BACKEND_cortex-m4 := armv7em
CORE_MACHINE_cortex-m4 := mps2-an386
CORE_FLAGS_cortex-m3 := -mcpu=cortex-m3 -mthumb
CORE_BACKEND_cortex-m3 := armv7m
CORE_MACHINE_cortex-m3 := mps2-an385
CORE_FLAGS_cortex-m0plus := -mcpu=cortex-m0plus -mthumb
CORE_BACKEND_cortex-m0plus := armv6m
CORE_MACHINE_cortex-m0plus := mps2-an385
CORE_FLAGS_cortex-m55 := -mcpu=cortex-m55 -mthumb -mfloat-abi=hard -DHEAP=0x60000000
CORE_BACKEND_cortex-m55 := mve
CORE_MACHINE_cortex-m55 := mps3-an547
CORE_FLAGS_rv32 := --specs=picolibc.specs --crt0=semihost --oslib=semihost -march=rv32imc -mabi=ilp32 \
	-Wl,--defsym=__flash=0x80000000,--defsym=__flash_size=4M,--defsym=__ram=0x80400000,--defsym=__ram_size=64M \
	-Wl,--defsym=__stack_size=1M

FUZZ_SECONDS ?= 60
FUZZ_MAX_LEN ?= 0

CORE_BUILD := build/tests/core
CORE_SEEDS := build/tests/seeds
CORE_SOURCES := $(wildcard native_module/core/*.c native_module/core/*/*.c native_module/core/*/*/*.c)
CORE_TEST_SOURCES := $(wildcard tests/core/*.c) tests/fuzz/exercise.c tests/fuzz/mutate.c
CORE_HEADERS := $(wildcard native_module/core/*.h native_module/core/*/*.h native_module/core/*/*/*.h tests/core/*.h tests/core/shim/*.h \
	tests/fuzz/*.h) native_module/ops.def
CORE_WARNINGS := -std=c99 -Wall -Wextra -Wconversion -Werror
CORE_SANITIZERS := -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
CORE_INCLUDES := -Inative_module -Inative_module/core -Itests/core -Itests/fuzz
CORE_MODEL := host_tools/demo/wand/wand_int8.tflite
CORTEX_M4 := arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -Os $(CORE_WARNINGS)

.PHONY: test-core test-core-checks test-core-arm test-core-mutants fuzz stack

$(CORE_SEEDS)/list: tests/fuzz/make_seeds.py $(wildcard tests/fuzz/seeds/*.py) native_module/ops.def $(wildcard host_tools/midge/*.py \
		host_tools/midge/*/*.py host_tools/midge/*/*/*.py) $(wildcard $(CORE_MODEL)) | $(VENV)/.ready $(LIBRARY)
	@rm -rf $(CORE_SEEDS) && mkdir -p $(CORE_SEEDS)
	@$(BIN)/python -m tests.fuzz.make_seeds $(CORE_SEEDS) $(wildcard $(CORE_MODEL))
	@ls $(CORE_SEEDS)/*.midge >$@

# A compiler that cannot link for a backend's machine leaves an empty file; its tests are skipped.
$(CORE_BUILD)/test-%: $(CORE_SOURCES) $(CORE_TEST_SOURCES) $(CORE_HEADERS) tests/core.mk
	@mkdir -p $(CORE_BUILD)
	@if echo 'int main(void) { return 0; }' | \
		$(CC) $(CORE_SANITIZERS) $(CORE_FLAGS_$*) -x c - -o $(CORE_BUILD)/probe-$* 2>/dev/null; then \
		$(CC) -D_POSIX_C_SOURCE=200809L $(CORE_WARNINGS) $(CORE_SANITIZERS) $(CORE_FLAGS_$*) $(CORE_INCLUDES) \
			$(CORE_SOURCES) $(CORE_TEST_SOURCES) -o $@ -lm; \
	else : >$@; fi

$(CORE_BUILD)/board-%: $(CORE_SOURCES) $(CORE_TEST_SOURCES) $(CORE_HEADERS) tests/core/shim/vectors.c tests/core.mk
	@mkdir -p $(CORE_BUILD)
	@if command -v arm-none-eabi-gcc >/dev/null && command -v qemu-system-arm >/dev/null; then \
		arm-none-eabi-gcc -std=c99 -D_POSIX_C_SOURCE=200809L -O2 $(CORE_FLAGS_$*) $(CORE_INCLUDES) $(CORE_SOURCES) \
			$(CORE_TEST_SOURCES) tests/core/shim/vectors.c -o $@ --specs=rdimon.specs \
			-Wl,--section-start=.vectors=0 -lm; \
	else : >$@; fi

$(CORE_BUILD)/board-rv32: $(CORE_SOURCES) $(CORE_TEST_SOURCES) $(CORE_HEADERS) tests/core.mk
	@mkdir -p $(CORE_BUILD)
	@if command -v riscv64-unknown-elf-gcc >/dev/null && command -v qemu-system-riscv32 >/dev/null; then \
		riscv64-unknown-elf-gcc -std=c99 -D_POSIX_C_SOURCE=200809L -O2 $(CORE_FLAGS_rv32) $(CORE_INCLUDES) \
			$(CORE_SOURCES) $(CORE_TEST_SOURCES) -o $@ -lm; \
	else : >$@; fi

test-core: test-core-checks test-core-arm
	@awk '{ passed += $$1; failed += $$3 } END { print passed " passed, " failed " failed"; exit failed != 0 }' \
		$(CORE_BUILD)/*.result

# run NAME,PROGRAM,COMMAND,REASON: a program's tests, and what it computed against the first one's.
define run_core_tests
	@result=$(CORE_BUILD)/$(1).result; digests=$(CORE_BUILD)/$(1).digests; \
	if [ ! -s $(2) ]; then echo "$(1): skipped, $(4)"; exit 0; fi; \
	$(3) >$$result.log 2>&1 </dev/null || sed '$$!b; / passed, /d' $$result.log; \
	tail -n 1 $$result.log | grep ' passed, ' >$$result || echo "0 passed, 1 failed" >$$result; \
	if ! cmp -s $(CORE_FIRST) $$digests; then \
		echo "$(1): other outputs than $(firstword $(CORE_BACKENDS)):"; diff $(CORE_FIRST) $$digests | head -n 5; \
		echo "0 passed, 1 failed" >>$$result; \
	fi; \
	echo "$(1): $$(cat $$result)"

endef
CORE_FIRST = $(CORE_BUILD)/$(firstword $(CORE_BACKENDS)).digests
CORE_ARGUMENTS = $(CORE_SEEDS)/list $(CORE_BUILD)/crashes $(CORE_BUILD)/$(1).digests $(TEST)
comma := ,
space := $() $()

test-core-checks: $(CORE_BACKENDS:%=$(CORE_BUILD)/test-%) $(CORE_BOARDS:%=$(CORE_BUILD)/board-%) \
		$(CORE_BUILD)/board-rv32 $(CORE_SEEDS)/list
	@rm -f $(CORE_BUILD)/*.result $(CORE_BUILD)/*.digests
	@ls tests/fuzz/crashes/*.midge >$(CORE_BUILD)/crashes 2>/dev/null || true
	$(foreach name,$(CORE_BACKENDS),$(call run_core_tests,$(name),$(CORE_BUILD)/test-$(name),$\
		$(CORE_BUILD)/test-$(name) $(name:%32=%) $(call CORE_ARGUMENTS,$(name)),$\
		$(CC) cannot link for it (on Debian: apt-get install gcc-multilib)))
	$(foreach name,$(CORE_BOARDS),$(call run_core_tests,$(name),$(CORE_BUILD)/board-$(name),$\
		timeout 120 qemu-system-arm -M $(CORE_MACHINE_$(name)) -nographic -kernel $(CORE_BUILD)/board-$(name) $\
		-semihosting-config enable=on$(comma)target=native$(comma)arg=$(subst $(space),$(comma)arg=,$(strip $\
		test $(CORE_BACKEND_$(name)) $(call CORE_ARGUMENTS,$(name)))),$\
		no arm-none-eabi-gcc or qemu-system-arm (ports/toolchain.sh arm)))
	$(call run_core_tests,rv32,$(CORE_BUILD)/board-rv32,$\
		timeout 120 qemu-system-riscv32 -M virt -bios none -nographic -kernel $(CORE_BUILD)/board-rv32 $\
		-semihosting-config enable=on$(comma)target=native$(comma)arg=$(subst $(space),$(comma)arg=,$(strip $\
		rv32 $(call CORE_ARGUMENTS,rv32))),$\
		no riscv64-unknown-elf-gcc or qemu-system-riscv32 (ports/toolchain.sh riscv))

# The compiler of the boards, as strict as the host's.
test-core-arm:
	@if command -v arm-none-eabi-gcc >/dev/null; then \
		mkdir -p $(CORE_BUILD)/arm; \
		for cpu in $(CORE_BOARDS); do \
			for source in $(CORE_SOURCES); do \
				arm-none-eabi-gcc -mcpu=$$cpu -mthumb -Os $(CORE_WARNINGS) -c $$source \
					-o $(CORE_BUILD)/arm/$$(basename $$source .c).o || exit 1; \
			done; echo "$$cpu: compiles without a warning"; \
		done; \
	else echo "boards: skipped, no arm-none-eabi-gcc (ports/toolchain.sh arm)"; fi

test-core-mutants: $(CORE_SEEDS)/list
	@CC="$(CC)" $(BIN)/python tests/core/mutants.py build/tests/mutants $(CORE_SEEDS)/list /dev/null $(FILE)

stack:
	@ports/toolchain.sh arm
	@mkdir -p $(CORE_BUILD)/arm
	@for source in $(CORE_SOURCES); do \
		$(CORTEX_M4) -fstack-usage -c $$source -o $(CORE_BUILD)/arm/$$(basename $$source .c).o || exit 1; \
	done
	@cat $(CORE_BUILD)/arm/*.su | sed 's/^native_module.core.//' | \
		awk -F '\t' '{ n = split($$1, at, ":"); printf "%6d  %s (%s)\n", $$2, at[n], at[1] }' | \
		sort -rn | head -n $(or $(N),20)

FUZZER := build/fuzz/fuzz_model

$(FUZZER): $(wildcard tests/fuzz/*.c) $(CORE_SOURCES) $(CORE_HEADERS) tests/core.mk
	@ports/toolchain.sh fuzz
	@mkdir -p build/fuzz
	@clang $(CORE_WARNINGS) -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $(CORE_INCLUDES) \
		$(CORE_SOURCES) $(filter tests/fuzz/%.c,$^) -o $@

# What it finds goes to tests/fuzz/crashes/ as <what-was-wrong>.midge once it is understood; test-core replays it.
fuzz: $(FUZZER) $(CORE_SEEDS)/list
	@mkdir -p build/fuzz/corpus
	@$(FUZZER) -max_total_time=$(FUZZ_SECONDS) -max_len=$(FUZZ_MAX_LEN) -timeout=10 -rss_limit_mb=1024 \
		-print_final_stats=1 -artifact_prefix=build/fuzz/found- \
		build/fuzz/corpus $(CORE_SEEDS) tests/fuzz/crashes >build/fuzz/log 2>&1; status=$$?; \
	runs=$$(sed -n 's/^stat::number_of_executed_units: *//p' build/fuzz/log); \
	covered=$$(grep -o 'cov: [0-9]*' build/fuzz/log | tail -n 1); \
	if [ $$status = 0 ]; then echo "fuzz: $$runs files in $(FUZZ_SECONDS) s, $$covered, nothing found"; exit 0; fi; \
	echo "fuzz: FOUND $$(grep -m 1 -E 'ERROR|runtime error|exercise:' build/fuzz/log);" \
		"$$(grep -o -m 1 'build/fuzz/found-[a-z]*-[0-9a-f]*' build/fuzz/log) (build/fuzz/log)"; exit 1
