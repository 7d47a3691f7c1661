# Every routine command, each one line over a command that works without just.

# List the recipes
default:
    @just --list

# Start the service in the development profile, on http://127.0.0.1:8080
run *arguments:
    cargo run -- {{ arguments }}

# Check and test everything; installs what a fresh Debian machine lacks
test:
    scripts/test

# Replicas over PostgreSQL and Redis behind nginx, as processes of this machine, until Ctrl-C
cluster *arguments:
    cargo build -p menshen && cargo run -p menshen-cluster -- {{ arguments }}

# Other people's WeChat and SMS clients against the simulator
interop:
    scripts/interop

# Calls that schemathesis makes up from the OpenAPI description: 10 000, or --brief
openapi-fuzz *arguments:
    scripts/openapi-fuzz {{ arguments }}

# Fuzz targets under libFuzzer, 600 seconds each: --seconds N, --minimize, names of targets
fuzz *arguments:
    scripts/fuzz {{ arguments }}

# The client library of mini-programs and websites: lints, types, build, tests
sdk:
    scripts/sdk

# The example backends and gateways, against the real server
backends *names:
    scripts/backends {{ names }}

# The files under deploy/ against their schemas, nginx, systemd, and our own settings
check-deployment:
    scripts/check-deployment

# The files of a release: binary, list of its parts (SBOM), checksums
release *arguments:
    scripts/release {{ arguments }}

# The list of parts (SBOM, CycloneDX) on standard output
sbom *arguments:
    @scripts/sbom {{ arguments }}

# A release of the debug build, against what it promises
check-release:
    scripts/check-release

# Which security requirement is proven by which test
check-requirements:
    scripts/check-requirements

# Lints, as strict as the test command has them
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Format the code
fmt:
    cargo fmt --all
    rustfmt --edition 2024 crates/sms/src/*.rs

# Change or show the database's schema: up, status, down
migrate action="up":
    cargo run -- migrate {{ action }}

# The reference of the code itself, in target/doc
docs:
    cargo doc --workspace --no-deps --locked

# The book of docs/, in both languages, in target/book: check, reference, serve
book *arguments:
    scripts/book {{ arguments }}

# Size, start and memory of the release build
measure:
    cargo build --release --locked && scripts/measure

# Load on the release build, beside what this machine could do at best (docs/performance.md)
bench *arguments:
    cargo build --release --locked -p menshen -p menshen-bench && target/release/menshen-bench {{ arguments }}

# Licences, sources, and which crate may use which technology
deny:
    target/tools/bin/cargo-deny --locked check bans licenses sources

# Known vulnerabilities in the dependencies; needs a network
audit:
    target/tools/bin/cargo-deny --locked check advisories
