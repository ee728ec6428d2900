# One make process, one graph, everything built under $(BUILD)/<flavour>/.
# A component is a folder of C files: main.c becomes the program, the rest becomes
# <component>.a, which the program, its unit tests and its fuzzers all link.

VERSION  := 0.1.0
FLAVOUR  ?= release#        release | debug | asan | tsan | cov | fuzz
BUILD    ?= build
B        := $(BUILD)/$(FLAVOUR)
PREFIX   ?= /usr
Q        := $(if $(V),,@)

# ---- what there is to build --------------------------------------------------
LIBS     := lib event#      shared code, lowest first
PROGRAMS := probe crawler collector correlator courier console ctl
BIN       = $(B)/bin/$(if $(filter ctl,$(1)),haidang,haidang-$(1))

PKG_lib        := hiredis yaml-0.1 simdjson libhs icu-uc libpsl nettle libsystemd libmicrohttpd sqlite3 gnutls zlib libzstd
PKG_probe      := libpcap libndpi
PKG_crawler    := gumbo libcurl expat libhs libseccomp zlib
PKG_correlator := libpcre2-8
PKG_courier    := libcurl
PKG_console    := libsodium

# ---- how it is compiled ------------------------------------------------------
CC        ?= cc
CXX       ?= c++
PKGCONF   ?= pkg-config
PYTHON    ?= /usr/bin/python3
STD       := -std=c17 -D_GNU_SOURCE
STDXX     := -std=c++17 -D_GNU_SOURCE -fno-exceptions -fno-rtti
WARN_BOTH := -Wall -Wextra -Wpedantic -Wshadow -Wformat=2 -Wvla -Wundef -Wcast-qual \
             -Wpointer-arith -Wwrite-strings -Wredundant-decls -Wconversion \
             -Wno-sign-conversion -Wnull-dereference -Wdouble-promotion
WARN      := $(WARN_BOTH) -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
HARDEN    := -fstack-protector-strong -fstack-clash-protection -fcf-protection=full \
             -fno-common -fPIE -pthread
# gcc only (clang 14 refuses it), and release only: it would hide bugs from the sanitizers.
ZEROINIT  := $(if $(findstring clang,$(CC)),,-ftrivial-auto-var-init=zero)
LINK      := -pie -pthread -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed,--gc-sections
SANITIZE  := -fsanitize=address,undefined -fno-sanitize-recover=all

FLAGS_release := -O2 -g $(ZEROINIT)
FORTIFY       := $(if $(filter release,$(FLAVOUR)),-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)#  last, over dpkg's =2
FLAGS_debug   := -O0 -g3
FLAGS_asan    := -O1 -g $(SANITIZE)
FLAGS_tsan    := -O1 -g -fsanitize=thread
FLAGS_cov     := -O0 -g --coverage
FLAGS_fuzz    := -O1 -g -fsanitize=fuzzer-no-link $(SANITIZE)
ifeq ($(FLAGS_$(FLAVOUR)),)
$(error unknown FLAVOUR '$(FLAVOUR)')
endif
WERROR    := $(if $(filter release,$(FLAVOUR)),,-Werror)#  distributions build release

COMMON     = $(WERROR) $(HARDEN) $(FLAGS_$(FLAVOUR)) -I. -DVERSION='"$(VERSION)"' \
             $(PKG_CFLAGS) $(CPPFLAGS)
COMPILE    = $(CC) $(STD) -include lib/banned.h $(WARN) $(COMMON) $(CFLAGS) $(FORTIFY) -MMD -MP
COMPILEXX  = $(CXX) $(STDXX) $(WARN_BOTH) $(COMMON) $(CXXFLAGS) $(FORTIFY) -MMD -MP
PROGLINK   = $(CC) $(FLAGS_$(FLAVOUR)) $(LINK) $(LDFLAGS)

# ---- the graph ---------------------------------------------------------------
COMPONENTS := $(LIBS) $(PROGRAMS)
ifeq ($(filter help clean,$(MAKECMDGOALS)),)
pkg = $(shell $(PKGCONF) $(1) $(2) || echo missing-pkg)
endif

sources = $(filter-out $(1)/main.c,$(wildcard $(1)/*.c $(1)/*/*.c $(1)/*.cc))
define component
OBJ_$(1) := $$(patsubst %.cc,$$(B)/%.o,$$(patsubst %.c,$$(B)/%.o,$$(call sources,$(1))))
OBJS     += $$(OBJ_$(1))
$$(B)/$(1).a: $$(OBJ_$(1)) $(1) $$(wildcard $(1)/*/.) | $$(B)/flags#  folders: for removed files
ifneq ($$(PKG_$(1)),)
$$(B)/$(1)/%.o $$(B)/tests/unit/$(1)/%.o $$(B)/tests/fuzz/$(1)/%.o: private PKG_CFLAGS := $$(call pkg,--cflags,$$(PKG_$(1)))
LDLIBS_$(1) := $$(call pkg,--libs,$$(PKG_$(1)))
endif
endef
$(foreach c,$(COMPONENTS),$(eval $(call component,$(c))))

ARCHIVES := $(foreach l,$(LIBS),$(B)/$(l).a)
reverse   = $(if $(1),$(call reverse,$(wordlist 2,$(words $(1)),$(1))) $(firstword $(1)))
LIBS_LINK = $(call reverse,$(ARCHIVES)) $(foreach l,$(LIBS),$(LDLIBS_$(l))) -lstdc++ -lm

define program
OBJS += $$(B)/$(1)/main.o
$$(call BIN,$(1)): $$(B)/$(1)/main.o $$(B)/$(1).a $$(ARCHIVES)
	$$(call say,LD) $$(PROGLINK) -o $$@ $$(B)/$(1)/main.o $$(B)/$(1).a $$(LIBS_LINK) $$(LDLIBS_$(1))
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# tests/unit/<component>/test_x.c, tests/fuzz/<component>/fuzz_x.c, tests/bench/<component>/bench_x.c
UNIT     := $(patsubst %.c,$(B)/%,$(wildcard tests/unit/*/test_*.c))
FUZZ     := $(patsubst %.c,$(B)/%,$(wildcard tests/fuzz/*/fuzz_*.c))
BENCH    := $(patsubst %.c,$(B)/%,$(wildcard tests/bench/*/bench_*.c))
CORPUS   := $(B)/tests/fuzz/replay.o#   main() that feeds a corpus once
OBJS     += $(UNIT:=.o) $(FUZZ:=.o) $(BENCH:=.o) $(CORPUS)
owner     = $(word 3,$(subst /, ,$(patsubst $(B)/%,%,$(1))))
own_a     = $(filter-out $(ARCHIVES),$(B)/$(call owner,$(1)).a)

.SECONDEXPANSION:
$(UNIT) $(BENCH): %: %.o $$(call own_a,%) $(ARCHIVES)
	$(call say,LD) $(PROGLINK) -o $@ $< $(call own_a,$@) $(LIBS_LINK) $(LDLIBS_$(call owner,$@)) -lcmocka
$(FUZZ): %: %.o $$(call own_a,%) $(ARCHIVES) $(CORPUS)
	$(call say,LD) $(PROGLINK) $(if $(filter fuzz,$(FLAVOUR)),-fsanitize=fuzzer) -o $@ $< \
	  $(if $(filter fuzz,$(FLAVOUR)),,$(CORPUS)) $(call own_a,$@) $(LIBS_LINK) $(LDLIBS_$(call owner,$@))

$(B)/%.o: %.c $(B)/flags
	$(call say,CC) $(COMPILE) -c -o $@ $<
$(B)/%.o: %.cc $(B)/flags
	$(call say,CXX) $(COMPILEXX) -c -o $@ $<
$(B)/console/assets.o: $(wildcard console/ui/*)#  built into it, which the compiler does not tell
$(B)/%.a:
	$(call say,AR) rm -f $@ && $(AR) rcsD $@ $(filter %.o,$^)

# Rebuild everything when the command line changes.
$(B)/flags: FORCE
	$(Q)mkdir -p $(sort $(dir $@ $(OBJS))) $(B)/bin
	$(Q)echo '$(COMPILE) | $(COMPILEXX) | $(PROGLINK)' | cmp -s - $@ || echo '$(COMPILE) | $(COMPILEXX) | $(PROGLINK)' > $@

say = $(Q)$(if $(V),,printf '  %-5s %s\n' $(1) '$(@:$(B)/%=%)' &&)
-include $(OBJS:.o=.d)

# ---- targets -----------------------------------------------------------------
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: all tests campaign chaos recrawl check lint format install deb clean help bench FORCE

all: $(foreach p,$(PROGRAMS),$(call BIN,$(p)))  ## build the programs
tests: $(UNIT) $(FUZZ)                  ## build the unit tests and fuzzers
bench: all $(BENCH)                     ## measure against peers; prints ratios
	$(Q)BUILD=$(abspath $(B)) $(PYTHON) tests/bench/run.py
campaign: all                           ## kill workers and masters for minutes, count alerts exactly (13 min)
	$(Q)BUILD_DIR=$(B) $(PYTHON) tests/campaign/exactness.py
chaos: all                              ## kill the courier 100 times while every connection fails (1 min)
	$(Q)CHAOS_KILLS=100 BUILD_DIR=$(B) $(PYTHON) -m pytest -q -s -p no:cacheprovider tests/e2e/test_courier_chaos.py
recrawl: all                            ## kill the crawler 300 times over real web servers (4 min)
	$(Q)CRAWLER_KILLS=300 BUILD_DIR=$(B) $(PYTHON) -m pytest -q -s -p no:cacheprovider tests/e2e/test_crawler_kill.py
check:                                  ## everything that must pass: lint, unit, fuzz replay, rules, end to end
	$(Q)PYTHON=$(PYTHON) sh tests/check.sh
lint:                                   ## formatting, clang-tidy, folder rules, size budget
	$(Q)PYTHON=$(PYTHON) sh tests/lint/run.sh
format:                                 ## rewrite every C file with clang-format
	$(Q)git ls-files -co --exclude-standard '*.[ch]' '*.cc' | xargs clang-format -i
install: all                            ## install under $(DESTDIR)$(PREFIX)
	$(Q)install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin
	$(Q)install -m755 $(call BIN,ctl) $(DESTDIR)$(PREFIX)/bin
	$(Q)install -m755 $(foreach p,$(filter-out ctl,$(PROGRAMS)),$(call BIN,$(p))) $(DESTDIR)$(PREFIX)/sbin
	$(Q)for f in rules/* rules/sigma/*/*; do [ -d $$f ] || \
	  install -D -m644 $$f $(DESTDIR)$(PREFIX)/share/haidang/$$f || exit 1; done
	$(Q)for f in packaging/man/*.[158]; do \
	  install -D -m644 $$f $(DESTDIR)$(PREFIX)/share/man/man$${f##*.}/$${f##*/} || exit 1; done
deb:                                    ## Debian packages, into $(BUILD)/deb
	$(Q)packaging/make-deb $(BUILD)
clean:                                  ## remove build/
	$(Q)rm -rf $(BUILD)
help:                                   ## this list
	@printf 'make [FLAVOUR=release|debug|asan|tsan|cov|fuzz] [V=1] TARGET\n\n'
	@awk -F ' *## ' '/^[a-z]+:.* ## / { sub(/:.*/, "", $$1); printf "  %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
