//! Fuzzes the steps that move positions: cleanup, tokenizers, windows, decoding.
//!
//! `make fuzz` runs longer, and adds inputs with new features to `data/fuzz/corpus.json`. A feature describes the
//! output of a step, so that the corpus stays small and covers much.

mod support;

use std::{
    collections::{BTreeSet, HashSet},
    fs,
    time::{Duration, Instant},
};

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use spanframe_core::{
    AggregationStrategy, Constraints, Decoder, DecodingRule, Encoding, EntityDecoder, Grouping, LabelSet, Named, Span,
    TagScheme,
    aggregate::TokenLogits,
    cleanup::{CleanupMode, clean},
    hugging_face::keep_longest,
    sentence,
    spark_words::spark_words,
    window,
};
use spanframe_model::{ModelFiles, Tokenizer};
use support::{column, data};

const MODELS: [&str; 6] = ["bert-uncased", "bert-cased", "roberta", "xlm-roberta", "camembert", "deberta-v2"];
/// Text that is hard on positions: combining marks, signs of several code points, letters whose case changes their
/// length, ligatures, invisible and odd white space, controls, special tokens, written line ends.
const ODD: [&str; 40] = [
    "e\u{301}",
    "👩\u{200d}⚕️",
    "🇪🇸",
    "İ",
    "ß",
    "ﬁ",
    "½",
    "Ⅷ",
    "日本",
    "שלום",
    "\u{200b}",
    "\u{feff}",
    "\u{a0}",
    "\u{3000}",
    "\u{2028}",
    "\u{85}",
    "\u{0}",
    "\r\n",
    "\t",
    "\u{1f}",
    "\u{7f}",
    "\u{fffd}",
    "\u{1d41a}",
    "ａ",
    "<s>",
    "</s>",
    "[SEP]",
    "[MASK]",
    "<unk>",
    "##",
    "▁",
    "Ġ",
    "\\n",
    "\\r\\n",
    "\\t",
    "\u{2187}",
    "\u{2188}",
    "\u{ad}",
    "ǅ",
    "\u{345}",
];

struct Fuzz {
    tokenizers: Vec<Tokenizer>,
    decoders: Vec<(EntityDecoder, usize)>,
}

impl Fuzz {
    fn new() -> Self {
        let read = |name: &&str| {
            let files = ModelFiles::find(&data("test_models").join(name), "").unwrap();
            Tokenizer::read(&files).unwrap()
        };
        let label_sets = [
            ("O B-A I-A B-B I-B", TagScheme::Iob2),
            ("O B-A I-A E-A S-A", TagScheme::Iobes),
            ("O I-A E-A", TagScheme::Ioe1),
            ("O A B", TagScheme::None),
        ];
        let mut decoders = Vec::new();
        for (labels, scheme) in label_sets {
            let set = LabelSet::new(labels.split(' ').map(String::from).collect(), &[]).unwrap().with_scheme(scheme);
            let strategies =
                AggregationStrategy::named().map(|(_, s)| DecodingRule { units: Some(s), ..DecodingRule::default() });
            let groupings =
                Grouping::named().map(|(_, grouping)| DecodingRule { grouping, greedy: true, ..DecodingRule::words() });
            let constraints = Constraints { begin_after_entity_cost: 1.0, whole_words: true };
            let constrained =
                [Decoder::Viterbi(constraints), Decoder::Posterior(constraints)].into_iter().flat_map(|decoder| {
                    [
                        DecodingRule { decoder, trim: true, ..DecodingRule::default() },
                        DecodingRule { decoder, ..DecodingRule::words() },
                    ]
                });
            for rule in strategies.chain(groupings).chain(constrained) {
                let decoder = EntityDecoder::new(rule, set.clone());
                let kinds = decoder.entity_types().len();
                decoders.push((decoder, kinds));
            }
        }
        Self { tokenizers: MODELS.iter().map(read).collect(), decoders }
    }

    /// Checks every step on one text, and gives the features of the outcome.
    fn check(&self, text: &str, rng: &mut TestRng) -> BTreeSet<String> {
        let mut features = BTreeSet::new();
        for (name, mode) in CleanupMode::named() {
            let cleaned = clean(text, mode);
            let ends: Vec<usize> = cleaned.text.char_indices().map(|(i, _)| i).chain([cleaned.text.len()]).collect();
            let (mut last, mut first) = (0, true);
            for pair in ends.windows(2) {
                let original = cleaned.original(Span::new(pair[0], pair[1]));
                assert!(text.is_char_boundary(original.begin()) && text.is_char_boundary(original.end()));
                assert!(!original.is_empty() && (first || original.begin() >= last), "{name}");
                (last, first) = (original.begin(), false);
            }
            if cleaned.text != text {
                features.insert(format!("cleanup {name}"));
            }
        }
        let mut end = 0;
        for word in spark_words(text) {
            assert!(word.begin() >= end && !word.slice(text).is_empty());
            end = word.end();
        }
        for (tokenizer, model) in self.tokenizers.iter().zip(MODELS) {
            let Ok(encoding) = tokenizer.encode(text) else {
                features.insert(format!("{model} refuses"));
                continue;
            };
            let without_words = tokenizer.encode_without_words(text).expect("it has been encoded");
            assert!(
                (without_words.ids(), without_words.spans(), without_words.inside_word())
                    == (encoding.ids(), encoding.spans(), encoding.inside_word())
            );
            features.extend(particulars(&encoding, text).into_iter().map(|f| format!("{model} {f}")));
            let n = encoding.len();
            let ends = sentence::sentence_ends(text, encoding.spans());
            for (capacity, stride) in [(1, 0), (7, 3), (62, 15)] {
                let mut next = 0;
                for w in window::windows(&ends, encoding.inside_word(), capacity, stride) {
                    assert!(w.owned.start == next && w.tokens.len() <= capacity);
                    next = w.owned.end;
                }
                assert_eq!(next, n, "every token is owned");
                let overlapping = window::overlapping(n, capacity, stride);
                assert_eq!(overlapping.last().map_or(0, |w| w.tokens.end), n);
            }
            let (decoder, kinds) = &self.decoders[rng.next_u32() as usize % self.decoders.len()];
            let columns = decoder.labels().labels().len();
            let logits: Vec<f32> = (0..n * columns).map(|_| rng.next_u32() as f32 / 4e8 - 5.0).collect();
            let run = TokenLogits { encoding: &encoding, tokens: 0..n, logits: &logits, labels: columns };
            let found = decoder.entities(text, &run, &vec![true; *kinds]);
            for entity in keep_longest(text, found) {
                assert!(!entity.span.slice(text).is_empty() && (0.0..=1.001).contains(&entity.score));
            }
        }
        features
    }
}

/// The features of an encoding.
fn particulars(encoding: &Encoding, text: &str) -> Vec<String> {
    let spans = encoding.spans();
    for (span, raw) in spans.iter().zip(encoding.raw()) {
        // slicing panics at a wrong position
        let _ = (span.slice(text), raw.slice(text));
    }
    assert!(spans.windows(2).all(|w| w[0].begin() <= w[1].begin()), "begins never decrease");
    let pairs = || spans.windows(2);
    let shows = [
        ("empty", spans.iter().any(|s| s.is_empty())),
        ("shared", pairs().any(|w| !w[0].is_empty() && w[0] == w[1])),
        ("overlap", pairs().any(|w| w[0].end() > w[1].begin() && w[0] != w[1])),
        ("gap", pairs().any(|w| w[0].end() < w[1].begin())),
        ("joined", encoding.inside_word().contains(&true)),
        ("continues", encoding.continues_word() != encoding.inside_word()),
        ("subword", encoding.subwords() != encoding.continues_word()),
        ("untrimmed", spans != encoding.raw()),
        ("lost end", spans.last().is_some_and(|s| s.end() < text.trim_end().len())),
    ];
    let size = usize::BITS - encoding.len().leading_zeros();
    shows.iter().filter(|s| s.1).map(|s| format!("{} {size}", s.0)).collect()
}

fn pick<'a>(rng: &mut TestRng, from: &'a [String]) -> &'a str {
    &from[rng.next_u32() as usize % from.len()]
}

/// `text` with one or several small changes.
fn mutate(rng: &mut TestRng, corpus: &[String]) -> String {
    let mut chars: Vec<char> = pick(rng, corpus).chars().take(400).collect();
    for _ in 0..1 + rng.next_u32() % 4 {
        let at = rng.next_u32() as usize % (chars.len() + 1);
        let to = (at + rng.next_u32() as usize % 9).min(chars.len());
        match rng.next_u32() % 6 {
            0 => drop(chars.splice(at..at, ODD[rng.next_u32() as usize % ODD.len()].chars())),
            1 => drop(chars.drain(at..to)),
            2 => drop(chars.splice(at..at, chars[at..to].to_vec())),
            3 => drop(chars.splice(at..at, pick(rng, corpus).chars().take(30).collect::<Vec<_>>())),
            4 => drop(chars.splice(at..at, char::from_u32(rng.next_u32() % 0x11_0000))),
            _ => chars[at..to].iter_mut().for_each(|c| *c = c.to_uppercase().next().unwrap_or(*c)),
        }
    }
    chars.into_iter().collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the length of a run is the developer's choice")]
fn no_text_breaks_positions() {
    let path = data("fuzz/corpus.json");
    let kept: Vec<String> = serde_json::from_slice(&fs::read(&path).unwrap_or_else(|_| b"[]".to_vec())).unwrap();
    let seconds = std::env::var("FUZZ_SECONDS").ok().map(|s| s.parse().expect("FUZZ_SECONDS is a number"));
    let notes = column("hard_cases.parquet", "note");
    let notes = spanframe_engine::input::TextColumn::new(&notes).unwrap();
    let short = (0..notes.len()).filter_map(|i| notes.get(i)).filter(|t| t.len() < 2000).map(String::from);
    let mut corpus: Vec<String> = kept.iter().cloned().chain(short).collect();
    let fuzz = Fuzz::new();
    let mut rng = match seconds {
        // a run of the tests has fixed inputs
        None => TestRng::deterministic_rng(RngAlgorithm::ChaCha),
        Some(_) => TestRng::from_seed(RngAlgorithm::ChaCha, &seed()),
    };
    let mut seen = HashSet::new();
    for text in &corpus {
        seen.extend(fuzz.check(text, &mut rng));
    }
    let known = corpus.len();
    let until = Instant::now() + Duration::from_secs(seconds.unwrap_or(10));
    let mut tried = 0;
    while Instant::now() < until && (seconds.is_some() || tried < 3000) {
        let text = mutate(&mut rng, &corpus);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| fuzz.check(&text, &mut rng)));
        let features = outcome.unwrap_or_else(|_| panic!("this text breaks positions: {text:?}"));
        let before = seen.len();
        seen.extend(features);
        if seen.len() > before {
            corpus.push(text);
        }
        tried += 1;
    }
    assert!(tried > 100, "only {tried} texts in the time");
    if seconds.is_some() {
        let new = &corpus[known..];
        println!("{tried} texts, {} features, {} new inputs", seen.len(), new.len());
        let all: Vec<&String> = kept.iter().chain(new).collect();
        fs::write(path, serde_json::to_string_pretty(&all).unwrap() + "\n").unwrap();
    }
}

fn seed() -> [u8; 32] {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    let mut seed = [0; 32];
    seed[..16].copy_from_slice(&now.to_le_bytes());
    seed
}
