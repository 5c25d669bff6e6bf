# Everything a developer runs. Needs Rust, Python 3.11 or newer, make and a C compiler; the rest is fetched and pinned.
SHELL := /bin/bash -euo pipefail
PYTHON ?= python3
VENV := .venv
PROGRAM := target/release/spanframe
# the one place where tests and programs find ONNX Runtime
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
CARGO := cargo
.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/runtime build ## Annotate data/notes.parquet with the bundled model and show what was found
	$(PROGRAM) annotate data/notes.parquet -o target/demo.parquet --column note --overwrite
	$(PROGRAM) head target/demo.parquet -n 24
	$(PROGRAM) text --color always "$$(cat data/sample.txt)"

.PHONY: build
build: ## Build the command line
	$(CARGO) build --release --locked

.PHONY: test
test: test-rust test-python ## Run all tests

.PHONY: test-rust
test-rust: $(VENV)/runtime ## Run the tests of the crates and of the program
	$(CARGO) test --release --locked

.PHONY: test-python
test-python: $(VENV)/spark $(VENV)/docs build wheel ## Run the tests of the wheel, on Spark too where there is Java 17
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall target/wheels/spanframe-*.whl
	$(VENV)/bin/python -m pytest -q -p no:cacheprovider tests/python

SECONDS_OF_FUZZ ?= 300
.PHONY: fuzz
fuzz: $(VENV)/runtime ## Look for texts that break positions for SECONDS_OF_FUZZ; adds new kinds of text to data/fuzz
	FUZZ_SECONDS=$(SECONDS_OF_FUZZ) $(CARGO) test --release --locked --test fuzz -- --nocapture

.PHONY: test-oldest
test-oldest: wheel ## Run the expression under the oldest Polars and ONNX Runtime that docs/install.md names
	rm -rf target/oldest && $(PYTHON) -m venv target/oldest
	target/oldest/bin/python -m pip install --quiet --disable-pip-version-check -r plugin/requirements.txt polars==1.0.0
	target/oldest/bin/python -m pip install --quiet --disable-pip-version-check --no-deps onnxruntime==1.22.0
	target/oldest/bin/python -m pip install --quiet --disable-pip-version-check --no-deps target/wheels/spanframe-*.whl
	target/oldest/bin/python tests/oldest.py

.PHONY: test-install
test-install: wheel ## Install the wheel where there is no compiler, and annotate data/notes.parquet there; ROWS=N for fewer
	rm -rf target/clean && $(PYTHON) -m venv target/clean
	target/clean/bin/python -m pip install --quiet --disable-pip-version-check -r plugin/requirements.txt polars==2.1.0
	target/clean/bin/python -m pip install --quiet --disable-pip-version-check --no-deps target/wheels/spanframe-*.whl
	env -i HOME=/nonexistent PATH="$(CURDIR)/target/clean/bin" ROWS=$(ROWS) target/clean/bin/python tests/clean_install.py

.PHONY: test-export
test-export: target/export/ready wheel ## Make model folders of checkpoints of every family and compare them with torch; fetches torch
	target/export/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall target/wheels/spanframe-*.whl
	target/export/bin/python tests/export_checkpoint.py

.PHONY: wheel
wheel: $(VENV)/test ## Build the Python wheel into target/wheels
	rm -rf target/wheels
	$(VENV)/bin/maturin build --release --locked --quiet -m plugin/Cargo.toml --out target/wheels

# glibc 2.28 is what the wheels of ONNX Runtime need; jemalloc is told of the largest pages that kernels for aarch64 have
ARCHITECTURES ?= x86_64 aarch64
.PHONY: wheel-manylinux
wheel-manylinux: $(VENV)/test ## Build the wheels for every Linux with glibc 2.28 into target/manylinux, one of ARCHITECTURES after the other; needs rustup
	rm -rf target/manylinux
	rustup target add $(ARCHITECTURES:%=%-unknown-linux-gnu)
	for architecture in $(ARCHITECTURES); do \
		PATH="$(CURDIR)/$(VENV)/bin:$$PATH" AARCH64_UNKNOWN_LINUX_GNU_JEMALLOC_SYS_WITH_LG_PAGE=16 \
			$(VENV)/bin/maturin build --release --locked --zig \
			--compatibility manylinux_2_28 --target $$architecture-unknown-linux-gnu -m plugin/Cargo.toml --out target/manylinux; \
	done

# kernels and program for aarch64, linked by zig as for the wheels; the emulator takes the C and C++ libraries of SYSROOT
ARM := aarch64-unknown-linux-gnu
SYSROOT ?= /usr/aarch64-linux-gnu
.PHONY: test-arm
test-arm: target/arm/ready $(VENV)/test build ## Compare the program for aarch64, under emulation, with this one (EMULATED="--notes 5"); needs rustup, qemu-user and its C++ library (CONTRIBUTING.md)
	rustup target add $(ARM)
	PATH="$(CURDIR)/target/arm/bin:$$PATH" CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L $(SYSROOT)" \
		cargo-zigbuild test --release --locked --target $(ARM).2.28 -p spanframe-operators
	PATH="$(CURDIR)/target/arm/bin:$$PATH" AARCH64_UNKNOWN_LINUX_GNU_JEMALLOC_SYS_WITH_LG_PAGE=16 \
		cargo-zigbuild zigbuild --release --locked --target $(ARM).2.28 --bin spanframe
	$(VENV)/bin/python tests/arm.py $(PROGRAM) target/$(ARM)/release/spanframe \
		target/arm/aarch64/onnxruntime/capi/libonnxruntime.so.* --sysroot $(SYSROOT) $(EMULATED)

target/arm/ready: plugin/requirements.txt
	mkdir -p target && $(PYTHON) -m venv target/arm
	target/arm/bin/python -m pip install --quiet --disable-pip-version-check cargo-zigbuild==0.24.1 ziglang==0.15.2
	rm -rf target/arm/aarch64 && target/arm/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--target target/arm/aarch64 --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 --only-binary=:all: \
		$$(grep '^onnxruntime==' $<)
	touch $@

.PHONY: lint
lint: $(VENV)/docs ## Check formats and lints of Rust and Python, widths of documents and lengths of files
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --workspace --all-targets --locked -- -D warnings
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check
	$(VENV)/bin/python tests/lines.py

.PHONY: docs
docs: $(VENV)/docs ## Build the site into target/docs, every link checked; opens without a server
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --quiet

.PHONY: docs-rust
docs-rust: docs ## Build the site and, below rust/, the documentation of the crates
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release --locked --no-deps --lib
	cp -r target/doc target/docs/rust

.PHONY: licences
licences: ## Check the licences of all that is compiled in, and write those that wheels carry
	$(CARGO) about --version > /dev/null || $(CARGO) install --locked --features cli cargo-about@0.9.3
	$(CARGO) about generate --manifest-path plugin/Cargo.toml --config about.toml --frozen --fail \
		-o plugin/LICENSES-THIRD-PARTY.md plugin/licences.hbs

GOLD := spaccc.es.test drugtemist.es.test drugtemist.en.test drugtemist.it.test
SILVER := silver-proj.en.test silver-proj.it.test
CORPORA ?= corpora

.PHONY: evaluate
evaluate: $(VENV)/runtime build ## Score the bundled model on the test sets in CORPORA=FOLDER; UPDATE=1 keeps the result
	mkdir -p target
	cd "$(CORPORA)" && "$(CURDIR)/$(PROGRAM)" evaluate $(GOLD:=.jsonl.gz) $(SILVER:=.jsonl.gz=DISEASE,PROCEDURE,SYMPTOM) \
		--variant clean,upper,no_accents,line_breaks $(if $(LIMIT),--limit $(LIMIT)) --json > "$(CURDIR)/target/scores.json"
	$(VENV)/bin/python data/recipe/card.py --scores target/scores.json $(if $(UPDATE),--update)

LARGER ?= larger.onnx
CONFIG ?= larger.json
OUT ?= target/trained
MINUTES ?= 2 3 0.8 2.7

.PHONY: train-pack
train-pack: ## Pack LARGER=ONNX, its CONFIG=JSON and CORPORA=FOLDER for train-gpu; needs data/recipe/requirements.txt
	$(PYTHON) data/recipe/pack.py --larger "$(LARGER)" --config "$(CONFIG)" --corpora "$(CORPORA)" --out target/train-pack

.PHONY: train-gpu
train-gpu: ## Pre-train, train and distil on a GPU in MINUTES="2 3 0.8 2.7" from target/train-pack into OUT=FOLDER; no network
	$(PYTHON) data/recipe/train_gpu.py --pack target/train-pack --out "$(OUT)" --minutes $(MINUTES)

.PHONY: bench
bench: $(VENV)/test build ## Measure the whole job beside bare ONNX Runtime; needs an idle machine
	$(CARGO) bench --locked --bench job

.PHONY: bench-plugin
bench-plugin: test-python ## Measure the Polars expression beside the engine
	$(VENV)/bin/python benches/plugin.py

.PHONY: bench-spark
bench-spark: $(VENV)/spark wheel ## Measure Spark with one and two executors beside the command line; needs an idle machine
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall target/wheels/spanframe-*.whl
	$(VENV)/bin/python benches/spark.py $(ROWS)

.PHONY: bench-questions
bench-questions: $(VENV)/test build wheel ## Measure what speed depends on (QUESTIONS="start threads ..."); needs an idle machine
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall target/wheels/spanframe-*.whl
	$(VENV)/bin/python benches/questions.py $(QUESTIONS)

.PHONY: bench-peers
bench-peers: target/export/ready $(VENV)/runtime build wheel ## Measure others on the same weights (PEERS="--rows 20"); fetches torch, needs an idle machine
	target/export/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall target/wheels/spanframe-*.whl
	VIRTUAL_ENV="$(CURDIR)/$(VENV)" target/export/bin/python benches/peers.py $(PEERS)

.PHONY: bench-spark-nlp
bench-spark-nlp: target/sparknlp/ready $(VENV)/runtime build ## Measure Spark NLP on the same weights (SPARK_NLP="--rows 200"); needs Java 17, fetches half a gigabyte
	VIRTUAL_ENV="$(CURDIR)/$(VENV)" target/sparknlp/bin/python benches/spark_nlp.py $(SPARK_NLP)

.PHONY: bench-assertion
bench-assertion: target/bench-assertion/ready $(VENV)/test build ## Measure medspaCy and negspacy on the same spans (ASSERTION="notes.jsonl --jobs 0"); needs Python 3.11 and an idle machine
	$(VENV)/bin/python benches/assertion.py $(ASSERTION)

.PHONY: bench-affirmed
bench-affirmed: $(VENV)/test build ## Count affirmed entities that the rules flag (AFFIRMED=nubes.jsonl.gz, sentences with cues)
	$(VENV)/bin/python benches/affirmed.py $(AFFIRMED)

.PHONY: bench-linking
bench-linking: target/bench-linking/ready $(VENV)/test build ## Measure scispaCy's method on the same terms of CORPORA=FOLDER (LINKING="--only codes"); needs Python 3.11 and an idle machine
	$(VENV)/bin/python benches/linking.py "$(CORPORA)" $(LINKING)

.PHONY: bench-operators
bench-operators: ## Measure the kernels of spanframe's operators with the widest registers and with AVX2
	$(CARGO) test --release --locked -p spanframe-operators --lib timing -- --ignored --nocapture --test-threads 1

.PHONY: bench-openvino
bench-openvino: ## Measure OpenVINO's execution provider beside ONNX Runtime's own kernels; fetches it, needs an idle machine
	test -x target/openvino/bin/python || $(PYTHON) -m venv target/openvino
	target/openvino/bin/python -m pip install --quiet --disable-pip-version-check onnx==1.23.2 onnxruntime-openvino==1.24.1
	target/openvino/bin/python benches/openvino_provider.py

GPU_PACK ?= target/gpu
.PHONY: pack-gpu
pack-gpu: $(VENV)/test build wheel ## Pack what check-gpu needs into GPU_PACK, in parts of 60 MB (WHEEL=onnxruntime_gpu-*.whl to add it)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall target/wheels/spanframe-*.whl
	$(VENV)/bin/python benches/gpu/pack.py $(GPU_PACK) $(if $(WHEEL),--onnxruntime $(WHEEL))

.PHONY: check-gpu
check-gpu: ## Check and measure on a machine with a GPU, in ten minutes without a network (GPU="--device cuda:1"); needs GPU_PACK, CUDA 12, cuDNN 9
	@test -e $(GPU_PACK)/part-1/check.py || { echo "$(GPU_PACK)/part-1 is not there: make the parts with make pack-gpu, and hand them over" >&2; exit 2; }
	$(PYTHON) $(GPU_PACK)/part-1/check.py --out target/check-gpu $(GPU)

.PHONY: bench-memory
bench-memory: $(VENV)/test build ## Peak memory for one file and for one a hundred times larger
	$(VENV)/bin/python benches/memory.py

target/bench-assertion/ready: benches/requirements-assertion.txt
	mkdir -p target && $(PYTHON) -m venv target/bench-assertion
	target/bench-assertion/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

target/bench-linking/ready: benches/requirements-linking.txt
	mkdir -p target && $(PYTHON) -m venv target/bench-linking
	target/bench-linking/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

target/sparknlp/ready: data/recipe/requirements-sparknlp.txt
	test -x target/sparknlp/bin/python || $(PYTHON) -m venv target/sparknlp
	target/sparknlp/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

.PHONY: sparknlp-reference
sparknlp-reference: target/sparknlp/ready ## Make data/reference/sparknlp.* with a real Spark NLP; needs Java 17, fetches half a gigabyte
	target/sparknlp/bin/python data/recipe/sparknlp_reference.py --ivy target/sparknlp/ivy
	target/sparknlp/bin/python data/recipe/sparknlp_parquet.py --ivy target/sparknlp/ivy

.PHONY: sparknlp-folders
sparknlp-folders: target/sparknlp/ready ## Make data/reference/sparknlp_folders with a real Spark NLP; needs what sparknlp-reference does
	target/sparknlp/bin/python data/recipe/sparknlp_folders.py --ivy target/sparknlp/ivy

.PHONY: screenshots
screenshots: test-python ## Make the pictures of docs/view.md; needs Chromium
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check pillow==13.0.0
	$(VENV)/bin/python docs/images/make.py

.PHONY: clean
clean: ## Remove everything that was built or fetched
	rm -rf target $(VENV)

target/export/ready: plugin/requirements-export.txt
	mkdir -p target && $(PYTHON) -m venv target/export
	target/export/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

$(VENV)/runtime: plugin/requirements.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

$(VENV)/test: plugin/requirements-test.txt $(VENV)/runtime
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

$(VENV)/docs: docs/requirements.txt $(VENV)/runtime
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

$(VENV)/spark: plugin/requirements-spark.txt $(VENV)/test
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@
