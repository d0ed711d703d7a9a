# Everything a developer runs. `make` alone shows this list.
#   make test    all tests of all modules, with the race detector; installs what they need
#   make check   format, vet, static analysis, module files
#   make lint    golangci-lint with .golangci.yml (builds it first: minutes)
#   make fuzz    every fuzz target for FUZZTIME (60s)
#   make bench   side by side with the peers, as ratios; benchmarks lie next to the code (go test -bench)
#   make run     the example app

SHELL       := /bin/bash
GO          ?= go
FUZZTIME    ?= 60s
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOLANGCI    := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
MODULES      = $(shell $(GO) list -m -f '{{.Dir}}')

.PHONY: help test check format vet static tidy lint fuzz bench run
help:
	@sed -n 's/^#  *\(make .*\)/  \1/p' Makefile

test:
	scripts/need gcc chromium redis-server prometheus promtool prometheus-blackbox-exporter prometheus-alertmanager amtool haproxy
	$(GO) test ./headers ./health ./logging ./metrics ./ratelimit ./redact # allocations, which the race detector changes
	$(GO) test -race -shuffle=on -timeout 20m work

check: format vet static tidy

format:
	@files="$$(gofmt -l $$(git ls-files '*.go'))"; \
	  if [ -n "$$files" ]; then echo "gofmt wants: $$files"; exit 1; fi

vet:
	$(GO) vet work

static:
	@for dir in $(MODULES); do echo "staticcheck $${dir#$(CURDIR)}"; (cd "$$dir" && $(GO) run $(STATICCHECK) ./...) || exit 1; done

# A nested module cannot be tidied before the module it imports is published; tests/ checks those through a file proxy.
tidy:
	GOWORK=off $(GO) mod tidy -diff
	$(GO) mod verify

lint:
	@for dir in $(MODULES); do echo "golangci-lint $${dir#$(CURDIR)}"; (cd "$$dir" && $(GO) run $(GOLANGCI) run --config $(CURDIR)/.golangci.yml ./...) || exit 1; done

fuzz:
	GO=$(GO) scripts/fuzz $(FUZZTIME)

bench:
	scripts/need redis-server
	$(GO) run ./bench

run:
	$(GO) run ./examples/checklist
