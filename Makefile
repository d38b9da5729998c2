# Everything is built without cgo, so that one build cache serves builds and tests; only `make race` needs a C compiler.
export CGO_ENABLED ?= 0
# The same for paths: with -trimpath everywhere, tests and checks reuse what the build has compiled.
export GOFLAGS := $(GOFLAGS) -trimpath
GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
RUNNER := bin/scenario-runner
SANDBOX := bin/scenario-runner-sandbox
PACKAGES ?= ./...

.DEFAULT_GOAL := help

.PHONY: help
help: ## Explain every target
	@awk 'BEGIN {FS = ":.*## "} /^[a-zA-Z0-9_-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: runner sandbox remediator pipeline gateway ## Build the runner, the sandbox and the example systems under test into bin/

.PHONY: runner
runner: ## Build bin/scenario-runner only
	$(GO) build -ldflags '$(LDFLAGS)' -o $(RUNNER) ./cmd/scenario-runner

.PHONY: sandbox
sandbox: ## Build bin/scenario-runner-sandbox only (8 minutes the first time, seconds after that)
	$(MAKE) -C sandbox build

.PHONY: remediator
remediator: ## Build bin/remediator only, the example system under test
	$(GO) build -ldflags '-s -w' -o bin/remediator ./examples/remediator

.PHONY: pipeline
pipeline: ## Build bin/pipeline only, the stand-in for a platform with custom resources
	$(GO) build -ldflags '-s -w' -o bin/pipeline ./examples/pipeline

.PHONY: gateway
gateway: ## Build bin/gateway only, the load balancer and the lines between clusters in stories
	$(GO) build -ldflags '-s -w' -o bin/gateway ./examples/gateway

.PHONY: test-parts
test-parts: addons ## Build the real programs that tests talk to into bin/testparts, and install PostgreSQL when it is missing
	$(MAKE) -C internal/testparts build

.PHONY: addons
addons: ## Bring Prometheus, Alertmanager and PostgreSQL for run --sandbox: into bin/addons, or installed (a few minutes the first time)
	$(MAKE) -C internal/testparts alertmanager prometheus postgresql
	@mkdir -p bin/addons && ln -f bin/testparts/alertmanager bin/testparts/prometheus bin/addons/

.PHONY: demo
demo: build ## Run the shipped examples and remediation stories on the cluster in the box (all but those that need add-ons)
	$(RUNNER) run --sandbox --verbose --label needs!=database examples/*.scenario.yaml
	$(RUNNER) run --sandbox scenarios/remediation

.PHONY: test
test: build test-parts ## Run the everyday suite: unit tests, and steps against a real API server
	$(SANDBOX) exec --nodes 5 -- $(GO) test -timeout 20m $(PACKAGES)

.PHONY: race
race: build test-parts ## Run the same suite with the race detector (needs a C compiler)
	CGO_ENABLED=1 $(SANDBOX) exec --nodes 5 -- $(GO) test -race -timeout 30m $(PACKAGES)

.PHONY: test-sandbox
test-sandbox: sandbox addons ## Test the cluster in the box itself
	$(MAKE) -C sandbox test

.PHONY: test-real
test-real: sandbox ## Test pods that really run, in the cluster in the box (needs Linux, root and what sandbox up --node real names)
	$(MAKE) -C sandbox test-real

.PHONY: test-editors
test-editors: runner ## Test the schema and the language server with yaml-language-server and Neovim (needs Node.js 20 or newer and npm)
	@command -v nvim >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -q && apt-get install -y --no-install-recommends neovim; } || \
		{ echo "install Neovim 0.7 or newer first"; exit 1; }
	cd editors/test && npm ci --no-audit --no-fund --ignore-scripts && npm test

.PHONY: e2e
e2e: build addons ## Run what needs more than the everyday suite: the sandbox's own tests, real pods with real LitmusChaos (Linux, root), the demo, and measurements
	$(MAKE) test-sandbox
	$(MAKE) test-real
	$(MAKE) e2e-real
	$(MAKE) demo
	$(RUNNER) run --sandbox scenarios/performance.suite.yaml

# What a sandbox can't carry is left out by its folder or its label needs, and said to be. What is measured runs afterwards, and alone.
STORIES = $(shell find scenarios -name '*.scenario.yaml' -not -path 'scenarios/real/*' | sort)

.PHONY: library
library: build addons ## Run all stories that a sandbox can carry, eight at a time in less than 10 minutes, and put the results into docs/coverage.md
	@echo "left out: scenarios/real (needs real pods) and what is labelled needs: network-policies (a sandbox enforces none)"
	@code=0; $(RUNNER) run --sandbox --parallel 8 --timeout 10m --label 'needs!=network-policies' --label 'needs!=quiet-machine' \
		--output text --output json=bin/library.json $(STORIES) || code=$$?; \
	$(RUNNER) run --sandbox --timeout 5m --output text --output json=bin/performance.json scenarios/performance.suite.yaml || code=$$?; \
	$(GO) run ./internal/coverage bin/library.json bin/performance.json && exit $$code

.PHONY: e2e-real
e2e-real: build ## Run the stories of real pods with LitmusChaos's own experiments (needs Linux, root and what sandbox up --node real names)
	$(MAKE) -C internal/testparts real-pods
	env -u KUBECONFIG $(GO) test -tags e2e -count 1 -timeout 20m -v ./internal/endtoend

.PHONY: bench
bench: build ## Measure checking, starting, editor answers, the reference job against a bare client-go program, and the wait latency
	$(MAKE) -C bench run

.PHONY: lint
lint: ## Run go vet, staticcheck and gofumpt on every module
	$(GO) vet ./...
	cd tools && $(GO) build -o ../bin/ honnef.co/go/tools/cmd/staticcheck mvdan.cc/gofumpt
	bin/staticcheck ./...
	$(MAKE) -C sandbox vet
	cd sandbox && ../bin/staticcheck ./...
	@unformatted=$$(bin/gofumpt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "gofumpt would change:"; echo "$$unformatted"; exit 1; fi

.PHONY: format
format: ## Format every Go file
	cd tools && $(GO) build -o ../bin/ mvdan.cc/gofumpt
	bin/gofumpt -w $$(git ls-files '*.go')

.PHONY: generate
generate: ## Write the list of steps, the JSON schema, the references of steps and checks, and the table of requirements anew
	$(GO) generate ./steps/builtin
	$(GO) test ./schema -run TestSchemaIsFresh -update
	$(GO) run ./cmd/scenario-runner steps --markdown > docs/steps.md
	$(GO) test ./cmd/scenario-runner -run TestChecksPage -update
	$(GO) run ./internal/coverage

.PHONY: verify
verify: generate ## Fail when a generated file is not committed
	git diff --exit-code

.PHONY: fuzz
fuzz: ## Fuzz the loader and the expression checker for a short time
	$(GO) test ./engine/source -fuzz FuzzParse -fuzztime 20s
	$(GO) test ./engine/scenario -fuzz FuzzLoad -fuzztime 30s
	$(GO) test ./engine/scenario -fuzz FuzzTemplate -fuzztime 20s
	$(GO) test ./engine/scenario -fuzz FuzzMatrix -fuzztime 20s

.PHONY: clean
clean: ## Remove what was built
	rm -rf bin
