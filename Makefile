# Copyright The Herald Authors
# SPDX-License-Identifier: Apache-2.0

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME ?= 10s

# One set of flags for every target: whatever one of them compiles, the next finds in the build cache.
export CGO_ENABLED ?= 0
export GOFLAGS     := $(filter-out -trimpath,$(GOFLAGS)) -trimpath

##@ Use

.PHONY: help
help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Show a route end to end in a BIRD router: from files, then with a control plane (DEMO_EXIT=1: then end)
	@DEMO_EXIT='$(DEMO_EXIT)' hack/run ./hack/demo

.PHONY: build
build: ## Build bin/herald
	go build -ldflags '-s -w -X main.version=$(VERSION)' -o bin/ ./cmd/...

.PHONY: image
image: ## Write the image as an OCI archive to dist/, without a daemon (PLATFORM=linux/amd64,linux/arm64: for both)
	VERSION='$(VERSION)' hack/run ./hack/image $(if $(PLATFORM),-platform '$(PLATFORM)')

.PHONY: chart
chart: ## Lint, render and package the Helm chart into dist/
	hack/tool helm lint --strict charts/herald
	hack/tool helm template herald charts/herald --namespace herald-system --kube-version 1.33.0 >/dev/null
	hack/tool helm package charts/herald --destination dist

##@ Develop

.PHONY: generate
generate: ## Write all generated files: deep copies, CRDs, RBAC roles, the chart's copies, docs/reference.md
	hack/generate

.PHONY: lint
lint: ## Run go vet and staticcheck
	go vet ./...
	hack/tool staticcheck ./...

.PHONY: verify
verify: ## Check commit subjects, generated files, format, imports, tracked files and go.mod, and lint
	@hack/verify

.PHONY: test
test: ## Run every test, on a real control plane and against real BGP daemons
	@hack/test

.PHONY: race
race: export CGO_ENABLED := 1
race: ## Run the packages with goroutines under the race detector, then the tests of processes with a program built with it
	@hack/deps gcc libc6-dev
	go test -count=1 -race ./speaker/... ./controllers/... ./cmd/...
	@HERALD_RACE=1 hack/test -race ./test/process ./test/conformance ./test/changeclass ./test/interop ./test/operator

.PHONY: bench
bench: ## Measure Herald and its rivals side by side, and write docs/benchmarks.md (BENCH='-scale 0.01 -rounds 1' for a look)
	@hack/bench $(BENCH)

.PHONY: soak
soak: export HERALD_SIM_HISTORIES ?= 50000
soak: ## Run HERALD_SIM_HISTORIES (50000) random histories of the whole speaker, from HERALD_SIM_SEED on where it is set
	go test -count=1 -timeout 0 -run '^TestSimulation$$' ./speaker

.PHONY: scale
scale: export HERALD_SCALE ?= 10000x1000
scale: ## Let HERALD_SCALE (10000x1000) sessions and Announcements report to a real leader, and hold it to its budget
	@hack/test -v -timeout 60m -run '^TestManySessions$$' ./test/operator

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZTIME (10s)
	@hack/fuzz $(FUZZTIME)
