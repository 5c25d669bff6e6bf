//! How well and how fast does a vocabulary link mentions, and what does it take in memory?
//!
//!     cargo bench --bench linking -- NAME.vocabulary MENTIONS.jsonl [LEAST]
//!
//! Reads mentions with their codes (`mention`, `code`, and perhaps `kind`) and prints a line of JSON: how many have their
//! code first and among the first five, by kind; the seconds of opening; the seconds of one pass over the distinct mentions
//! on one thread for one code a mention, as `link` gives it, and for five; the peak memory after opening and in all. A short
//! pass before is left out. `make bench-linking` sets it beside other systems.

use std::{
    collections::{BTreeMap, HashMap},
    env, fs,
    path::Path,
    time::Instant,
};

use serde_json::{Value, json};
use spanframe_vocabulary::Vocabulary;

/// Least similarity of a code, where none is given.
const LEAST: f32 = 0.0;
const TOP: usize = 5;

struct Mention {
    text: String,
    code: String,
    kind: String,
}

fn main() {
    // cargo adds `--bench`
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let [path, mentions, least @ ..] = arguments.as_slice() else {
        panic!("give a vocabulary and the mentions");
    };
    let least = least.first().map_or(LEAST, |least| least.parse().expect("the least similarity is a number"));
    let started = Instant::now();
    let vocabulary = Vocabulary::open(Path::new(path)).expect("the vocabulary opens");
    let open_seconds = started.elapsed().as_secs_f64();
    let peak_opened_mb = peak_mb();

    let mentions: Vec<Mention> = fs::read_to_string(mentions).unwrap().lines().map(read).collect();
    let mut distinct: Vec<&str> = mentions.iter().map(|mention| mention.text.as_str()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let before = peak_mb();
    for text in distinct.iter().take(100) {
        std::hint::black_box(vocabulary.link(text, None, TOP, least));
    }
    let mut linked: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut pass = |top: usize| {
        let (started, started_cpu) = (Instant::now(), cpu_seconds());
        linked = distinct
            .iter()
            .map(|text| (*text, vocabulary.link(text, None, top, least).iter().map(|found| found.code).collect()))
            .collect();
        (started.elapsed().as_secs_f64(), cpu_seconds() - started_cpu)
    };
    let (one_seconds, one_cpu_seconds) = pass(1);
    let (seconds, cpu_seconds) = pass(TOP);
    println!(
        "{}",
        json!({
            "system": "spanframe", "least": least, "distinct_mentions": distinct.len(), "open_seconds": open_seconds,
            "seconds": seconds, "cpu_seconds": cpu_seconds, "one_seconds": one_seconds, "one_cpu_seconds": one_cpu_seconds,
            "peak_opened_mb": peak_opened_mb,
            "peak_mentions_mb": before, "peak_mb": peak_mb(), "counts": counts(&mentions, &linked),
        })
    );
}

fn read(line: &str) -> Mention {
    let mention: Value = serde_json::from_str(line).unwrap();
    let text = |key: &str| mention[key].as_str().unwrap_or("gold").to_string();
    Mention { text: text("mention"), code: text("code"), kind: text("kind") }
}

/// Of each kind: mentions, those whose code is first, and those whose code is among the first five.
fn counts(mentions: &[Mention], linked: &HashMap<&str, Vec<&str>>) -> Value {
    let mut counts: BTreeMap<&str, [u32; 3]> = BTreeMap::new();
    for mention in mentions {
        let at = linked[mention.text.as_str()].iter().position(|code| *code == mention.code);
        let of_kind = counts.entry(&mention.kind).or_default();
        of_kind[0] += 1;
        of_kind[1] += u32::from(at == Some(0));
        of_kind[2] += u32::from(at.is_some());
    }
    counts
        .into_iter()
        .map(|(kind, [mentions, first, five])| {
            (kind.to_string(), json!({"mentions": mentions, "first": first, "five": five}))
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The most memory that this process has held, as Linux counts it.
fn peak_mb() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() / 1024
}

/// Seconds of processor time of this process. They tell more than seconds on a machine that is not idle.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}
