//! Operations that are stopped: they end by an error and leave nothing behind.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use spanframe_install::{HubSettings, InstallError, ModelSource, Models, Naming, StopCheck};
use spanframe_model::RuntimeSearch;

use crate::support::{data, test_model};

/// Models in a new folder, which stop at the look number `looks`.
fn models(folder: &Path, looks: usize) -> Models {
    let mut models = Models::home(RuntimeSearch::default(), "bundled").unwrap();
    let seen = Arc::new(AtomicUsize::new(0));
    models.folder = folder.join("models");
    models.hub = HubSettings::default();
    models.stop = StopCheck::new(move || seen.fetch_add(1, Ordering::Relaxed) >= looks);
    models
}

fn assert_stopped<T>(done: Result<T, InstallError>, folder: &Path) {
    let error = done.err().expect("the operation is stopped").to_string();
    assert_eq!(error, "stopped: nothing was installed or written");
    let left: Vec<PathBuf> =
        fs::read_dir(folder.join("models")).into_iter().flatten().flatten().map(|e| e.path()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_stopped_operation_installs_and_writes_nothing() {
    let place = tempfile::tempdir().unwrap();
    let archive = place.path().join("m.zip");
    models(place.path(), usize::MAX).pack(&test_model("bert-cased"), &archive).unwrap();
    let naming = Naming { name: Some("m".to_string()), replace: false };
    let saved = data("reference/sparknlp_folders/bert-cased");
    // at once, in the middle of a file, and just before it would be published
    for looks in [0, 1, 3] {
        let stopped = || models(place.path(), looks);
        for source in [test_model("bert-cased"), archive.display().to_string()] {
            assert_stopped(stopped().add(&ModelSource::parse(&source).unwrap(), &naming), place.path());
        }
        assert_stopped(stopped().import(&saved, &naming), place.path());
        let other = place.path().join("other.tar.gz");
        assert_stopped(stopped().pack(&test_model("bert-cased"), &other), place.path());
        assert!(!other.exists());
    }
}

#[test]
fn a_hub_that_does_not_answer_stops_no_stop() {
    let place = tempfile::tempdir().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut models = models(place.path(), 3);
    models.hub.endpoint = Some(format!("http://{}", silent.local_addr().unwrap()));
    let source = ModelSource::parse("hf:org/name").unwrap();
    assert_stopped(models.add(&source, &Naming::default()), place.path());
}
