# Everything a developer or a user needs, by one word. Each target installs what it lacks
# (tools/packages/*.txt), says what it does, and is quiet and offline when nothing is missing.

JOBS ?= 2
PRESET ?= release
# The page is left out by UI=OFF; it then is one sentence.
UI ?= ON
UI_PACKAGES = $(if $(filter ON,$(UI)),ui)

.PHONY: help build demo demo-distributed test test-asan test-tsan soak bench format lint conformance fuzz simulate audit sbom install

help:  ## this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 27

build:  ## the binary: build/release/insightd
	@tools/install.sh build $(UI_PACKAGES)
	@tools/build.sh $(PRESET) -DINSIGHTD_UI=$(UI) -DINSIGHTD_TESTS=OFF

demo: build  ## a small fleet that uploads, and the page (DEMO=once: end after the table)
	@DEMO="$(DEMO)" tools/demo.sh build/$(PRESET)/insightd

demo-distributed: build  ## each role a process, on Kafka, S3 and PostgreSQL (DEMO=once)
	@tools/install.sh servers
	@DEMO="$(DEMO)" tools/demo_distributed.py build/$(PRESET)/insightd

test:  ## every kind of test
	@tools/install.sh build ui test lint servers
	@tools/test.sh

test-asan:  ## tests under the address and undefined-behaviour sanitizers (build/asan)
	@tools/install.sh build test servers
	@tools/sanitize.sh asan

test-tsan:  ## tests of all that has threads under the thread sanitizer (build/tsan)
	@tools/install.sh build test servers
	@tools/sanitize.sh tsan

bench:  ## figures, each beside a floor measured in the same run
	@tools/install.sh build ui bench
	@tools/build.sh release -DINSIGHTD_BENCH=ON
	@tools/bench.sh

conformance:  ## the expression language against conformance files: make conformance DIR=…
	@tools/install.sh build
	@tools/conformance.sh "$(DIR)"

fuzz:  ## fuzz targets for TIME seconds (60) each: make fuzz [TARGET=yaml] [TIME=600]
	@tools/install.sh build lint
	@tools/fuzz.sh "$(or $(TIME),60)" $(TARGET)

soak:  ## hours of load on `all`, then on servers with outages and kills: make soak [MINUTES=60] [FORM=all|servers]
	@tools/install.sh build test servers
	@TARGET="insightd crash_calls" tools/build.sh release -DINSIGHTD_UI=$(UI) -DINSIGHTD_TESTS=ON
	@INSIGHTD_BINARY=build/release/insightd tools/soak.sh "$(or $(MINUTES),60)" $(FORM)

simulate:  ## the whole system from SEEDS seeds (100000) with faults: make simulate [SEEDS=…] [FIRST=1]
	@tools/install.sh build test
	@tools/simulate.sh "$(or $(SEEDS),100000)" "$(or $(FIRST),1)"

format:  ## the layout of all C++ sources
	@tools/install.sh lint
	@git ls-files '*.cc' '*.h' | xargs clang-format-14 -i

lint:  ## clang-tidy and shellcheck
	@tools/install.sh build lint
	@tools/lint.sh

audit:  ## known weaknesses of the packages that the page is made of
	@tools/install.sh build ui
	@tools/audit.sh

sbom: build  ## what the program is made of: build/release/insightd.cdx.json (CycloneDX)
	@tools/sbom.py build/$(PRESET)/insightd build/$(PRESET)/insightd.cdx.json
	@echo "build/$(PRESET)/insightd.cdx.json"

install: build  ## the binary, the rule pack and a systemd unit (PREFIX=/usr/local, DESTDIR=)
	@cmake --install build/$(PRESET) --prefix "$(or $(PREFIX),/usr/local)"
