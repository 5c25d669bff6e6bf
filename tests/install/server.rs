//! [`Server`]: a hub on this machine, with its API, its files, and a storage on another port for the large ones.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
    thread,
};

use sha2::{Digest, Sha256};

pub const REPOSITORY: &str = "org/clinical-ner";
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
pub const TOKEN: &str = "hf_SecretOfTheTest";
/// Bytes from which a file is in the storage.
const LARGE: usize = 100_000;

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// True if the storage got it, false if the hub.
    pub storage: bool,
    pub path: String,
    pub headers: HashMap<String, String>,
}

/// How the server misbehaves.
#[derive(Clone, Default)]
pub struct Faults {
    /// Status of every response of the hub.
    pub status: Option<u16>,
    /// The hub needs the token.
    pub private: bool,
    /// Number of responses of the storage that end halfway.
    pub cuts: usize,
    /// The storage does not support ranges.
    pub no_ranges: bool,
    /// The storage changes a byte of the file.
    pub wrong: bool,
    /// The list of files is not JSON.
    pub no_json: bool,
}

#[derive(Clone)]
struct State {
    files: Arc<HashMap<String, Vec<u8>>>,
    faults: Arc<Mutex<Faults>>,
    requests: Arc<Mutex<Vec<Request>>>,
    storage: u16,
}

pub struct Server {
    pub endpoint: String,
    state: State,
}

impl Server {
    /// Serves the files of `folder` until the test ends.
    pub fn of(folder: &Path, faults: Faults) -> Self {
        let mut files = HashMap::new();
        read(folder, folder, &mut files);
        let (hub, storage) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let state = State {
            files: Arc::new(files),
            faults: Arc::new(Mutex::new(faults)),
            requests: Arc::default(),
            storage: storage.local_addr().unwrap().port(),
        };
        let endpoint = format!("http://{}", hub.local_addr().unwrap());
        for (listener, is_storage) in [(hub, false), (storage, true)] {
            let state = state.clone();
            thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let state = state.clone();
                    // a client may close the connection
                    thread::spawn(move || drop(state.answer(stream, is_storage)));
                }
            });
        }
        Self { endpoint, state }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().unwrap().clone()
    }
}

fn read(root: &Path, folder: &Path, files: &mut HashMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => read(root, &path, files),
            false => {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_string();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
}

fn respond(stream: &mut TcpStream, status: &str, headers: &[(&str, String)], body: &[u8]) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\n")?;
    for (name, value) in headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    write!(stream, "\r\n")?;
    stream.write_all(body)
}

impl State {
    fn answer(&self, mut stream: TcpStream, storage: bool) -> std::io::Result<()> {
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        let first = lines.next().unwrap_or(Ok(String::new()))?;
        let path = first.split(' ').nth(1).unwrap_or_default().to_string();
        let mut headers = HashMap::new();
        for line in lines {
            let line = line?;
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.insert(name.to_lowercase(), value.to_string());
        }
        self.requests.lock().unwrap().push(Request { storage, path: path.clone(), headers: headers.clone() });
        match storage {
            true => self.storage(&mut stream, path.trim_start_matches('/'), headers.get("range")),
            false => self.hub(&mut stream, &path, headers.get("authorization")),
        }
    }

    fn hub(&self, stream: &mut TcpStream, path: &str, token: Option<&String>) -> std::io::Result<()> {
        let faults = self.faults.lock().unwrap().clone();
        let empty = |length: usize| [("Content-Length", length.to_string())];
        if let Some(status) = faults.status {
            return respond(stream, &format!("{status} Fault"), &empty(0), b"");
        }
        if faults.private && token != Some(&format!("Bearer {TOKEN}")) {
            return respond(stream, "401 Unauthorized", &empty(0), b"");
        }
        if path == format!("/api/models/{REPOSITORY}/revision/main")
            || path == format!("/api/models/{REPOSITORY}/revision/refs%2Fpr%2F1")
        {
            let siblings: Vec<_> = self.files.keys().map(|name| serde_json::json!({ "rfilename": name })).collect();
            let body = serde_json::json!({"id": REPOSITORY, "sha": COMMIT, "siblings": siblings}).to_string();
            let body = if faults.no_json { "<html>".to_string() } else { body };
            return respond(stream, "200 OK", &empty(body.len()), body.as_bytes());
        }
        let name = path.strip_prefix(&format!("/{REPOSITORY}/resolve/{COMMIT}/"));
        let Some((name, content)) = name.and_then(|name| Some((name, self.files.get(name)?))) else {
            return respond(stream, "404 Not Found", &empty(0), b"");
        };
        if content.len() < LARGE {
            let headers = [("Content-Length", content.len().to_string()), ("ETag", format!("\"{}\"", "0".repeat(40)))];
            return respond(stream, "200 OK", &headers, content);
        }
        let hash: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
        let headers = [
            ("Location", format!("http://127.0.0.1:{}/{name}", self.storage)),
            ("X-Linked-ETag", format!("\"{hash}\"")),
            ("X-Linked-Size", content.len().to_string()),
            ("Content-Length", "0".to_string()),
        ];
        respond(stream, "302 Found", &headers, b"")
    }

    fn storage(&self, stream: &mut TcpStream, name: &str, range: Option<&String>) -> std::io::Result<()> {
        let mut content = self.files[name].clone();
        let (cut, no_ranges) = {
            let mut faults = self.faults.lock().unwrap();
            if faults.wrong {
                content[100] ^= 1;
            }
            let cut = faults.cuts > 0;
            faults.cuts -= usize::from(cut);
            (cut, faults.no_ranges)
        };
        let range = range.filter(|_| !no_ranges);
        let from = range.map_or(0, |range| range.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap());
        let rest = &content[from..];
        let status = if range.is_some() { "206 Partial Content" } else { "200 OK" };
        let headers = [
            ("Content-Length", rest.len().to_string()),
            ("Content-Range", format!("bytes {from}-{}/{}", content.len() - 1, content.len())),
        ];
        respond(stream, status, &headers, if cut { &rest[..rest.len() / 2] } else { rest })
    }
}
