//! Models of the hub, fetched from a local server that speaks its protocol.

use std::fs;

use serde_json::Value;

use crate::{
    home::{Home, TEXT},
    server::{COMMIT, Faults, REPOSITORY, Server, TOKEN},
    support::{stderr, test_model},
};

const NAME: &str = "hf:org/clinical-ner";

fn serve(faults: Faults) -> (Home, Server) {
    let server = Server::of(test_model("bert-uncased").as_ref(), faults);
    let mut home = Home::new();
    home.variables.push(("HF_ENDPOINT", server.endpoint.clone()));
    (home, server)
}

#[test]
fn a_model_of_the_hub_is_fetched_when_asked_and_found_by_its_source() {
    let (home, server) = serve(Faults::default());
    // using a model never fetches it
    let advice = format!("run `spanframe model add {NAME}` first");
    home.refused(&["text", "--model", NAME, TEXT], 3, &["nothing is fetched unless asked", &advice]);
    assert_eq!(server.requests().len(), 0);
    let added = home.run(&["model", "add", NAME]);
    assert!(added.status.success(), "{}", stderr(&added));
    assert!(stderr(&added).contains("fetching model.onnx, "), "{}", stderr(&added));
    let requests = server.requests().len();
    let expect = home.entities(&test_model("bert-uncased"));
    assert_ne!(expect.trim(), "[]");
    for model in ["clinical-ner", NAME, &format!("{NAME}@main"), &format!("{NAME}@{COMMIT}")] {
        assert_eq!(home.entities(model), expect, "{model}");
    }
    home.refused(&["text", "--model", &format!("{NAME}@v2"), TEXT], 3, &["is not installed"]);
    assert_eq!(server.requests().len(), requests, "using a model opens no connection");
    let manifest = fs::read(home.models().join("clinical-ner/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!((&manifest["source"], &manifest["commit"]), (&"hf:org/clinical-ner@main".into(), &COMMIT.into()));
    home.done(&["model", "add", &format!("{NAME}@refs/pr/1"), "--name", "proposed", "--quiet"]);
    home.refused(&["model", "add", "hf:org/a/b"], 2, &["is not a hub name"]);
}

#[test]
fn the_token_is_for_the_hub_alone_and_never_shown() {
    let (mut home, server) = serve(Faults { private: true, ..Faults::default() });
    home.refused(&["model", "add", NAME], 2, &["refuses `hf:org/clinical-ner@main` (status 401)", "HF_TOKEN"]);
    let file = home.folder.path().join("token");
    fs::write(&file, format!("{TOKEN}\n")).unwrap();
    home.done(&["model", "add", NAME, "--token-file", file.to_str().unwrap()]);
    let requests = server.requests();
    let (storage, hub): (Vec<_>, Vec<_>) = requests.iter().partition(|request| request.storage);
    assert!(!storage.is_empty() && storage.iter().all(|asked| !asked.headers.contains_key("authorization")));
    assert!(hub.iter().skip(1).all(|request| request.headers["authorization"] == format!("Bearer {TOKEN}")));
    home.variables.push(("HF_TOKEN", TOKEN.to_string()));
    home.done(&["model", "add", NAME, "--replace"]);
    home.variables.push(("HF_TOKEN", "hf_WrongSecret".to_string()));
    let said = home.refused(&["model", "add", NAME, "--replace"], 2, &["status 401"]);
    assert!(!said.contains("Secret"), "{said}");
    let manifest = fs::read_to_string(home.models().join("clinical-ner/manifest.json")).unwrap();
    assert!(!manifest.contains("Secret"));
}

#[test]
fn a_download_resumes_after_a_cut_connection() {
    let (home, server) = serve(Faults { cuts: 2, ..Faults::default() });
    home.done(&["model", "add", NAME]);
    let ranges: Vec<String> =
        server.requests().iter().filter(|a| a.storage).filter_map(|a| a.headers.get("range").cloned()).collect();
    assert_eq!(ranges.len(), 2, "{ranges:?}");
    assert!(ranges.iter().all(|range| range != "bytes=0-"), "{ranges:?}");
    assert_eq!(home.entities("clinical-ner"), home.entities(&test_model("bert-uncased")));
    // a storage that does not support ranges sends the whole file again
    let (home, _server) = serve(Faults { cuts: 2, no_ranges: true, ..Faults::default() });
    home.done(&["model", "add", NAME]);
    assert_eq!(home.entities("clinical-ner"), home.entities(&test_model("bert-uncased")));
}

#[test]
fn what_the_hub_refuses_or_breaks_is_reported_and_nothing_is_installed() {
    let refused = |faults: Faults, code: i32, expect: &[&str]| {
        let (home, server) = serve(faults);
        home.refused(&["model", "add", NAME], code, &[expect, &[server.endpoint.as_str()]].concat());
        server.requests().len()
    };
    let status = |status| Faults { status: Some(status), ..Faults::default() };
    assert_eq!(refused(status(404), 2, &["has no `hf:org/clinical-ner@main`", "check the name and the revision"]), 1);
    assert_eq!(refused(status(403), 2, &["status 403", "accept the model's conditions"]), 1);
    assert_eq!(refused(status(500), 2, &["status 500", "try again later"]), 5, "a busy server is asked five times");
    assert_eq!(refused(Faults { no_json: true, ..Faults::default() }, 2, &["is not a list of files"]), 1);
    refused(Faults { cuts: 100, ..Faults::default() }, 2, &["model.onnx", "nothing was installed"]);
    refused(Faults { wrong: true, ..Faults::default() }, 3, &["model.onnx", "its SHA-256 is"]);
    let (home, _server) = serve(Faults::default());
    home.refused(&["model", "add", "hf:org/other"], 2, &["has no `hf:org/other@main`"]);
    home.refused(&["model", "add", NAME, "--endpoint", "http://127.0.0.1:9"], 2, &["http://127.0.0.1:9", "failed on"]);
    home.refused(&["model", "add", NAME, "--endpoint", "https://me:secret@hub"], 2, &["is not the URL of a hub"]);
}

#[test]
fn a_repository_without_a_model_is_refused_before_a_large_file_is_fetched() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "model.onnx"] {
        fs::copy(format!("{}/{file}", test_model("bert-uncased")), folder.path().join(file)).unwrap();
    }
    let server = Server::of(folder.path(), Faults::default());
    let home = Home::new();
    home.refused(&["model", "add", NAME, "--endpoint", &server.endpoint], 3, &["has no tokenizer.json", REPOSITORY]);
    let paths: Vec<String> = server.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, [format!("/api/models/{REPOSITORY}/revision/main")]);
}

#[test]
fn offline_nothing_is_asked() {
    let (mut home, server) = serve(Faults::default());
    home.refused(&["model", "add", NAME, "--offline"], 2, &["must be fetched from the hub", "--offline"]);
    home.variables.push(("HF_HUB_OFFLINE", "1".to_string()));
    home.refused(&["model", "add", NAME], 2, &["HF_HUB_OFFLINE"]);
    assert_eq!(server.requests().len(), 0);
    home.done(&["model", "add", &test_model("bert-uncased")]);
}
