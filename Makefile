# Every target is one command; `make help` lists them. FEATURES chooses what is built: full, default (the wings that need
# no crate), or core (none).
FEATURES ?= full
CARGO ?= cargo
NICK ?=
PORT ?=
SERVER ?= 127.0.0.1:6667
ARGS ?=
TASK ?=
PREFIX ?= /usr/local
DESTDIR ?=
features = $(if $(filter core,$(FEATURES)),--no-default-features,$(addprefix --features ,$(FEATURES)))
target = $${CARGO_TARGET_DIR:-target}/release
rust = $(shell sed -n 's/^rust-version = "1\.\([0-9]*\)"/\1/p' Cargo.toml)
packages = on Debian 12 'sudo apt install make gcc cargo-web' is enough; elsewhere install gcc (or clang), \
and Rust by rustup (rust-lang.org, 'Install'), or 'rustup update'
started = Building groupchat: about a minute the first time. A second terminal waits.

# Builds both programs, so that a second terminal has nothing left to build: with cargo's progress at a terminal, of which
# the last line, "Finished", is taken away, so that nothing is seen when there was nothing to build.
define build
@test -e "$(target)/$(if $(1),examples/scenes,chat-server)" || echo "$(started)" >&2
@if [ -t 2 ] && [ "$$TERM" != dumb ]; then $(CARGO) build --release $(features) $(1) && printf '\033[A\033[2K' >&2; \
else $(CARGO) build --release --quiet $(features) $(1); fi
endef

.PHONY: help
help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

.PHONY: run-server
run-server: cargo ## start the server (ARGS="--listen 0.0.0.0:6667 -v" passes options)
	$(build)
	@$(CARGO) run --release --quiet $(features) --bin chat-server -- $(ARGS)

.PHONY: run-core
run-core: ## start the core of the server alone: a good place to begin reading (make run-client FEATURES=core NICK=albert)
	@$(MAKE) --no-print-directory run-server FEATURES=core

.PHONY: run-client
run-client: cargo ## start a client: make run-client NICK=albert [SERVER=host:port]
	$(build)
	@$(CARGO) run --release --quiet $(features) --bin chat-client -- --server '$(SERVER)' $(if $(NICK),--nick '$(NICK)') $(ARGS)

.PHONY: run-gui
run-gui: cargo ## the same with a page for a browser: make run-gui [NICK=albert] [SERVER=host:port] [PORT=8080]
	@$(MAKE) --no-print-directory run-client ARGS='--gui $(PORT) $(ARGS)'

.PHONY: run-directory
run-directory: cargo ## open the directory of multicast rooms: make run-directory [NICK=albert] [SERVER=host:port]
	$(build)
	@$(CARGO) run --release --quiet $(features) --bin chat-client -- --directory --server '$(SERVER)' $(if $(NICK),--nick '$(NICK)') $(ARGS)

demo screenshots: features = --features full

.PHONY: demo
demo: cargo ## show the tasks live, in tmux: make demo [TASK=4] (1 to 4, or a scene: file, group, ...)
	$(call build,--bins --example scenes)
	@"$(target)/examples/scenes" demo $(TASK)

.PHONY: screenshots
screenshots: cargo ## take the pictures of the report anew: make screenshots [TASK=4]
	$(call build,--bins --example scenes)
	@"$(target)/examples/scenes" screenshots $(TASK)

.PHONY: build
build: cargo ## build the server and the client (FEATURES=core or default for a part)
	$(build)

.PHONY: install
install: ## install what make build has built into PREFIX (/usr/local), with a service for systemd; DESTDIR is put in front
	@"$(target)/chat-server" --help 2>/dev/null | grep -q -- --data-dir && test -x "$(target)/chat-client" || \
	{ echo "Run make build first, as the user that you usually are" >&2; exit 1; }
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/lib/systemd/system"
	install -m 755 "$(target)/chat-server" "$(target)/chat-client" "$(DESTDIR)$(PREFIX)/bin"
	sed 's|/usr/local|$(PREFIX)|' server/groupchat.service >"$(DESTDIR)$(PREFIX)/lib/systemd/system/groupchat.service"

.PHONY: test
test: cargo ## run all tests in three feature sets: the core alone, default, full
	$(CARGO) test --no-default-features -- --quiet
	$(CARGO) test -- --quiet
	$(CARGO) test --features full -- --quiet

.PHONY: check
check: cargo ## check formatting and lints, warnings are errors
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --no-default-features -- -D warnings
	$(CARGO) clippy --all-targets -- -D warnings
	$(CARGO) clippy --all-targets --features full -- -D warnings

.PHONY: bench
bench: cargo ## measure beside ngircd and inspircd, if installed, and the client's terminal (ARGS="--only-quick" for a first look)
	$(CARGO) bench $(features) --bench bench -- $(ARGS)

.PHONY: measure
measure: cargo ## make bench for the report: 15 minutes on a quiet machine, into report/measurements.csv; then make figures
	rm -f "$(target)/measurements.csv"
	@for cases in "fanout --clients 50,200,500,1000,2000" "fanout --clients 200 --in-flight 2,4,8,16,64" \
	"stalled,idle,queries,tls,keys,files,wake-ups,datagrams"; do \
	$(CARGO) bench $(features) --bench bench -- --csv "$(target)/measurements.csv" --cases $$cases \
	--warm-up 0.2 --seconds 1 --keys 500 --file-mib 512 $(ARGS) || exit; done
	mv "$(target)/measurements.csv" report/measurements.csv

.PHONY: figures
figures: cargo ## bring figures, tables and counts of the report up to date with report/measurements.csv and the code
	@$(CARGO) run --release --quiet $(features) --example book

.PHONY: report
report: ## make the report a page of HTML and a book in PDF, in the folder report of the target folder (needs pandoc, weasyprint)
	@tests/book/print.sh "$${CARGO_TARGET_DIR:-target}/report"

.PHONY: clean
clean: cargo ## remove what was built
	$(CARGO) clean

.PHONY: cargo
cargo:
	@command -v cc >/dev/null || { echo "A C compiler is missing: $(packages)" >&2; exit 1; }
	@found=$$($(CARGO) --version 2>/dev/null | sed -n 's/^cargo 1\.\([0-9]*\).*/\1/p'); \
	test "$${found:-0}" -ge $(rust) || { test "$$found" && found="is too old (1.$$found)" || found="is missing"; \
	echo "Rust $$found; 1.$(rust) or newer is needed: $(packages)" >&2; exit 1; }
