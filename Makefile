# The whole interface of the repository. `make` alone lists it.

.DEFAULT_GOAL := help
.PHONY: help run test test-all torture bench document airflow k8s k8s-test schemathesis check sbom openapi screenshots clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## Run the platform here: API on SQLite, two simulator replicas (PROFILE=release for speed)
	@scripts/needs run
	@scripts/run

test: ## Format, lints, OpenAPI and every test, on SQLite and on a private PostgreSQL
	@scripts/needs test
	@scripts/test

test-all: ## The same with the long forms of the tests
	@scripts/needs test
	@scripts/test --all

torture: ## Have happen to the platform what may happen to it, in the long form of five hours (FAULTS="kills away" for some)
	@scripts/needs torture
	@scripts/torture $(FAULTS)

bench: ## Measure the platform beside its database; the table goes to docs/PERFORMANCE.md (PARTS="live rest" for some)
	@scripts/needs bench
	@scripts/bench $(PARTS)

document: ## Let the platform measure itself, as the original was measured and at scale; docs/BENCHMARKS.md is what it prints
	@scripts/needs bench
	@scripts/document

airflow: ## Run the daily DAG in a real Airflow beside a real API, and time its tasks (PROFILE=release, KEEP=1 to look around)
	@scripts/needs airflow
	@scripts/airflow run

k8s: ## Render k8s/db-service.yaml and k8s/k8s-deployment.yaml from k8s/overlays/minikube
	@scripts/needs k8s
	@scripts/k8s render

k8s-test: ## Install, scale, roll and break the platform in the cluster of the current context, and remove it (YES=1: do not ask)
	@scripts/needs k8s
	@scripts/k8s try

schemathesis: ## Requests made from the specification, on SQLite and on PostgreSQL (SEED=1, EXAMPLES=500, DATABASE=sqlite)
	@scripts/needs schemathesis
	@for database in $(or $(DATABASE),sqlite postgres); do scripts/schemathesis $$database || exit 1; done

check: ## Format, lints, and the licences and advisories of all dependencies, Rust's and npm's
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- --deny warnings
	@scripts/supply check

sbom: ## What is in the binaries and in the dashboard (CycloneDX), into target/sbom
	@scripts/supply sbom

openapi: ## Write openapi/openapi.json from the code, and the dashboard's client from that
	cargo build --package edtech-api --locked
	target/debug/edtech-api openapi > openapi/openapi.json.new
	mv openapi/openapi.json.new openapi/openapi.json
	cd frontend && npm ci --silent --no-audit --no-fund && npm run --silent schema

screenshots: ## Take a picture of every page of the dashboard, into docs/images
	@scripts/needs test
	@scripts/dashboard build
	cargo build --workspace --bins --locked
	@scripts/dashboard look

clean: ## Remove what was built (not ./data, which holds the logs of `make run`)
	cargo clean
