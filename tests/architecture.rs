//! What must stay absent: foreign names on the wrong floor, unsafe code outside the bridge.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Names under `[dependencies]` of a manifest.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(manifest)).unwrap();
    let section = text.split("\n[dependencies]\n").nth(1).expect("a manifest has dependencies");
    section
        .lines()
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty())
        .map(String::from)
        .collect()
}

fn check_floor(manifest: &str, may_name: &[&str]) {
    let allowed: BTreeSet<String> = may_name.iter().map(ToString::to_string).collect();
    let named = dependencies(manifest);
    assert!(!named.is_empty());
    let beyond: Vec<_> = named.difference(&allowed).collect();
    assert!(beyond.is_empty(), "{manifest} may not name {beyond:?}");
}

#[test]
fn only_the_named_floor_names_its_foreign_crate() {
    check_floor("crates/core/Cargo.toml", &["aho-corasick", "strum", "thiserror"]);
    check_floor(
        "crates/vocabulary/Cargo.toml",
        &[
            "bytemuck",
            "hashbrown",
            "memmap2",
            "rust-stemmers",
            "rustc-hash",
            "serde",
            "serde_json",
            "sha2",
            "spanframe-core",
            "strum",
            "tempfile",
            "thiserror",
            "twox-hash",
            "unicode-normalization",
        ],
    );
    check_floor("crates/operators/Cargo.toml", &["multiversion", "ort", "pulp"]);
    check_floor(
        "crates/model/Cargo.toml",
        &[
            "base64",
            "bytemuck",
            "half",
            "ort",
            "rustc-hash",
            "serde",
            "serde_json",
            "sha2",
            "spanframe-core",
            "spanframe-operators",
            "thiserror",
            "tokenizers",
        ],
    );
    check_floor(
        "crates/engine/Cargo.toml",
        &[
            "arrow-array",
            "arrow-buffer",
            "arrow-cast",
            "arrow-schema",
            "arrow-select",
            "rayon",
            "serde",
            "serde_json",
            "spanframe-bundled",
            "spanframe-core",
            "spanframe-model",
            "spanframe-vocabulary",
            "strsim",
            "strum",
            "thiserror",
            "toml",
            "whatlang",
        ],
    );
    check_floor(
        "Cargo.toml",
        &[
            "arrow-array",
            "arrow-cast",
            "arrow-schema",
            "clap",
            "clap_complete",
            "clap_mangen",
            "ctrlc",
            "flate2",
            "indicatif",
            "serde_json",
            "spanframe-compare",
            "spanframe-core",
            "spanframe-engine",
            "spanframe-install",
            "spanframe-jobs",
            "spanframe-store",
            "spanframe-view",
            "spanframe-vocabulary",
            "thiserror",
            "tikv-jemallocator",
            "tracing",
            "tracing-subscriber",
        ],
    );
    check_floor("crates/compare/Cargo.toml", &["serde", "spanframe-core", "spanframe-engine", "strum"]);
    check_floor("crates/view/Cargo.toml", &["base64", "maud", "sha2", "spanframe-engine"]);
    check_floor(
        "crates/store/Cargo.toml",
        &["bytes", "futures-util", "object_store", "tempfile", "thiserror", "tokio", "url"],
    );
    check_floor(
        "crates/jobs/Cargo.toml",
        &[
            "arrow-array",
            "arrow-buffer",
            "arrow-cast",
            "arrow-ipc",
            "arrow-schema",
            "arrow-select",
            "bytes",
            "flate2",
            "glob",
            "memchr",
            "parquet",
            "serde",
            "serde_json",
            "sha2",
            "spanframe-engine",
            "spanframe-store",
            "strum",
            "thiserror",
            "tracing",
            "zstd",
        ],
    );
    check_floor(
        "crates/install/Cargo.toml",
        &[
            "base64",
            "flate2",
            "reqwest",
            "serde",
            "serde_json",
            "sha2",
            "spanframe-model",
            "spanframe-store",
            "tar",
            "tempfile",
            "thiserror",
            "tokio",
            "zip",
        ],
    );
    check_floor(
        "plugin/Cargo.toml",
        &[
            "arrow-array",
            "arrow-schema",
            "arrow-select",
            "libc",
            "polars",
            "polars-arrow",
            "pyo3",
            "pyo3-polars",
            "serde_json",
            "spanframe",
            "spanframe-compare",
            "spanframe-engine",
            "spanframe-install",
            "spanframe-jobs",
            "spanframe-view",
        ],
    );
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn unsafe_code_is_in_the_bridge_alone() {
    let mut files = Vec::new();
    rust_files(&root().join("crates"), &mut files);
    rust_files(&root().join("plugin/src"), &mut files);
    assert!(files.len() > 30);
    let with_unsafe: Vec<_> = files
        .iter()
        .filter(|f| fs::read_to_string(f).unwrap().lines().any(|l| l.split("//").next().unwrap().contains("unsafe {")))
        .map(|f| f.strip_prefix(root()).unwrap().display().to_string())
        .collect();
    assert!(!with_unsafe.is_empty());
    assert!(with_unsafe.iter().all(|file| file.starts_with("plugin/src/bridge")), "{with_unsafe:?}");
    for library in [
        "core",
        "bundled",
        "operators",
        "model",
        "vocabulary",
        "engine",
        "compare",
        "view",
        "store",
        "jobs",
        "install",
        "cli",
    ] {
        let text = fs::read_to_string(root().join(format!("crates/{library}/src/lib.rs"))).unwrap();
        assert!(text.contains("#![forbid(unsafe_code)]"), "{library}");
    }
}

#[test]
fn architecture_names_tests_that_exist() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let mut sources = String::new();
    for folder in ["crates", "tests"] {
        let mut files = Vec::new();
        rust_files(&root().join(folder), &mut files);
        files.iter().for_each(|f| sources.push_str(&fs::read_to_string(f).unwrap()));
    }
    for entry in fs::read_dir(root().join("tests/python")).unwrap().flatten() {
        sources.push_str(&fs::read_to_string(entry.path()).unwrap_or_default());
    }
    let exists = |name: &str| {
        let defined = sources.contains(&format!("fn {name}(")) || sources.contains(&format!("def {name}("));
        assert!(defined, "no test is called {name}");
    };
    let section = text.split("\n## Invariants").nth(1).expect("a section on invariants").split("\n## ").next().unwrap();
    let page = fs::read_to_string(root().join("docs/invariants.md")).unwrap();
    let names = |text: &str| -> BTreeSet<String> {
        text.split('`').skip(1).step_by(2).filter(|n| n.matches('_').count() >= 2).map(String::from).collect()
    };
    let (named, all) = (names(section), names(&page));
    assert!(all.len() >= 60, "{all:?}");
    assert!(named.is_subset(&all), "docs/invariants.md lacks {:?}", named.difference(&all));
    all.iter().for_each(|name| exists(name));
    // each line of the table of divergences ends with the tests that hold it
    let table = fs::read_to_string(root().join("docs/divergences.md")).unwrap();
    let rows: Vec<&str> = table.lines().filter(|l| l.starts_with("| ") && !l.contains("| test |")).collect();
    assert!(rows.len() > 10);
    for row in rows {
        let cell = row.trim_end_matches([' ', '|']).rsplit('|').next().unwrap();
        let names: Vec<&str> = cell.split('`').skip(1).step_by(2).filter(|name| !name.contains('/')).collect();
        assert!(!names.is_empty() || cell.contains("tests/"), "{row}");
        names.into_iter().for_each(exists);
    }
}
