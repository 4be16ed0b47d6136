# Every target is one command; `make help` lists them. FEATURES chooses what is built: full, default (the wings that need
# no crate), or core (none).
FEATURES ?= full
CARGO ?= cargo
NICK ?=
SERVER ?= 127.0.0.1:6667
ARGS ?=
features = $(if $(filter core,$(FEATURES)),--no-default-features,$(addprefix --features ,$(FEATURES)))

.PHONY: help
help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: run-server
run-server: cargo ## start the server (ARGS="--listen 0.0.0.0:6667 -v" passes options)
	@$(CARGO) run --release --quiet $(features) --bin chat-server -- $(ARGS)

.PHONY: run-core
run-core: ## start the core of the server alone: a good place to begin reading (make run-client FEATURES=core NICK=albert)
	@$(MAKE) --no-print-directory run-server FEATURES=core

.PHONY: run-client
run-client: cargo ## start a client: make run-client NICK=albert [SERVER=host:port]
	@$(CARGO) run --release --quiet $(features) --bin chat-client -- --server '$(SERVER)' $(if $(NICK),--nick $(NICK)) $(ARGS)

.PHONY: run-directory
run-directory: cargo ## open the directory of multicast rooms: make run-directory [NICK=albert] [SERVER=host:port]
	@$(CARGO) run --release --quiet $(features) --bin chat-client -- --directory --server '$(SERVER)' $(if $(NICK),--nick $(NICK)) $(ARGS)

.PHONY: test
test: cargo ## run all tests in three feature sets: the core alone, default, full
	$(CARGO) test --quiet --no-default-features
	$(CARGO) test --quiet
	$(CARGO) test --quiet --features full

.PHONY: check
check: cargo ## check formatting and lints, warnings are errors
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --no-default-features -- -D warnings
	$(CARGO) clippy --all-targets -- -D warnings
	$(CARGO) clippy --all-targets --features full -- -D warnings

.PHONY: bench
bench: cargo ## measure beside ngircd and inspircd, if installed (ARGS="--only-quick" for a first look)
	$(CARGO) bench --quiet $(features) --bench bench -- $(ARGS)

.PHONY: clean
clean: cargo ## remove what was built
	$(CARGO) clean

.PHONY: cargo
cargo:
	@command -v $(CARGO) >/dev/null || { echo "cargo is missing: install Rust 1.91 or newer with rustup (see rust-lang.org, 'Install'), then try again" >&2; exit 1; }
