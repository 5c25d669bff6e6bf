//! The last step: cosine of TF-IDF weighted trigrams, over the inverted index.
//!
//! A list of postings has the texts of one feature, by norm. Features are read from the rarest on:
//!
//! 1. Only norms within `|q| · t` and `|q| / t` are read, for beyond them no cosine reaches `t`.
//! 2. Whole words are features too. Their lists are short, and one of them stands for all trigrams of the word.
//! 3. At most [`BUDGET`] postings are read of a mention. If all trigrams fit, the search is exact. If not, the texts
//!    with the best sum so far are compared in full.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use crate::{
    gram::{trigrams, weight, words},
    section::Section,
    table::TextRow,
};

/// Postings that are read of one mention.
const BUDGET: usize = 8192;
/// Texts that are compared in full for each code that is wanted, and at least.
const COMPARED: (usize, usize) = (4, 32);

/// The index of an open vocabulary.
#[derive(Debug)]
pub(crate) struct SimilarIndex {
    pub texts: Section,
    pub rows: Section,
    pub ends: Section,
    pub postings: Section,
    /// Number of each feature.
    pub numbers: FxHashMap<u64, u32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Memory that a thread keeps between mentions: 4 bytes a text.
#[derive(Default)]
struct Scratch {
    /// Sum of each text; all zero between mentions.
    sums: Vec<f32>,
    touched: Vec<u32>,
}

/// A feature of the mention.
struct Feature {
    /// Of the word: of all its trigrams.
    weight: f32,
    start: usize,
    end: usize,
    is_word: bool,
}

/// A mention in the space of the trigrams.
struct Query {
    weights: FxHashMap<u64, f32>,
    norm: f32,
    features: Vec<Feature>,
}

impl SimilarIndex {
    pub(crate) fn rows(&self) -> &[TextRow] {
        bytemuck::cast_slice(self.rows.as_ref())
    }

    fn postings(&self) -> &[u32] {
        bytemuck::cast_slice(self.postings.as_ref())
    }

    fn ends(&self) -> &[u32] {
        bytemuck::cast_slice(self.ends.as_ref())
    }

    fn text(&self, text: usize) -> &str {
        let rows = self.rows();
        let start = text.checked_sub(1).map_or(0, |before| rows[before].text_end);
        let bytes = self.texts.as_ref().get(start as usize..rows[text].text_end as usize).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// What in the tables would lead out of them.
    pub(crate) fn is_consistent(&self, terms: usize) -> bool {
        self.rows.as_ref().len() % size_of::<TextRow>() == 0
            && [&self.ends, &self.postings].iter().all(|section| section.as_ref().len() % 4 == 0)
            && self.numbers.len() == self.ends().len()
            && self.ends().last().map_or(0, |end| *end as usize) == self.postings().len()
            && self.ends().is_sorted()
            && self.rows().is_sorted_by_key(|row| row.text_end)
            && self.rows().iter().all(|row| row.first as usize + row.terms as usize <= terms && row.norm.is_finite())
            && self.postings().iter().all(|text| (*text as usize) < self.rows().len())
    }

    /// Texts like the folded mention with their cosine, rounded to a millionth: at least `least`, best first.
    pub(crate) fn nearest(&self, folded: &str, top: usize, least: f32) -> Vec<(f32, usize)> {
        let query = self.query(folded);
        if query.features.is_empty() || query.norm == 0.0 {
            return Vec::new();
        }
        let wanted = top.saturating_mul(COMPARED.0).max(COMPARED.1);
        let candidates = SCRATCH.with_borrow_mut(|scratch| self.candidates(&query, least, wanted, scratch));
        let cosines = candidates.into_iter().map(|text| (self.cosine(&query, text as usize), text as usize));
        let mut near: Vec<_> = cosines.filter(|(cosine, _)| *cosine >= least && *cosine > 0.0).collect();
        near.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        near
    }

    fn query(&self, folded: &str) -> Query {
        let count = self.rows().len();
        // a trigram that no term has weighs like one that some have: a slip of the pen makes three of them
        let unknown = weight((count as f32).sqrt() as u32, count);
        let mut weights = FxHashMap::default();
        let mut features = Vec::new();
        let mut add = |key: u64, is_word: bool, given: Option<f32>| {
            let Some(number) = self.numbers.get(&key) else { return unknown };
            let number = *number as usize;
            let start = number.checked_sub(1).map_or(0, |before| self.ends()[before] as usize);
            let end = self.ends()[number] as usize;
            let weight = given.unwrap_or_else(|| weight((end - start) as u32, count));
            features.push(Feature { weight, start, end, is_word });
            weight
        };
        trigrams(folded, |key| {
            weights.entry(key).or_insert_with(|| add(key, false, None));
        });
        for word in folded.split(' ') {
            let mut of_word = 0.0;
            trigrams(word, |key| of_word += weights.get(&key).copied().unwrap_or_default());
            words(word, |key| {
                add(key, true, Some(of_word));
            });
        }
        features.sort_unstable_by_key(|feature| (feature.end - feature.start, feature.start));
        features.dedup_by_key(|feature| feature.start);
        let mut squares: Vec<f32> = weights.values().copied().collect();
        // the order of a hash map must not decide the last bit of a sum
        squares.sort_unstable_by(f32::total_cmp);
        Query { norm: squares.iter().sum::<f32>().sqrt(), weights, features }
    }

    /// The texts that may be nearest.
    fn candidates(&self, query: &Query, least: f32, wanted: usize, scratch: &mut Scratch) -> Vec<u32> {
        let rows = self.rows();
        if scratch.sums.len() < rows.len() {
            scratch.sums.resize(rows.len(), 0.0);
        }
        let by_norm = |norm: f32| rows.partition_point(|row| row.norm < norm) as u32;
        // a little wider, for rounding
        let (from, to) = match least > 0.0 {
            true => (by_norm(query.norm * least * 0.999), by_norm(query.norm / least * 1.001)),
            false => (0, rows.len() as u32),
        };
        let trigrams: usize = query.features.iter().filter(|f| !f.is_word).map(|f| f.end - f.start).sum();
        let is_exact = trigrams <= BUDGET;
        let mut left = BUDGET;
        for feature in query.features.iter().filter(|feature| !(is_exact && feature.is_word)) {
            if left == 0 {
                break;
            }
            let list = &self.postings()[feature.start..feature.end];
            let list = match list.len() > 64 {
                true => &list[list.partition_point(|text| *text < from)..list.partition_point(|text| *text < to)],
                false => list,
            };
            let list = match list.len() > left {
                // those of the nearest norm
                true => {
                    let middle = by_norm(query.norm);
                    let at = list.partition_point(|text| *text < middle);
                    let start = at.saturating_sub(left / 2).min(list.len() - left);
                    &list[start..start + left]
                }
                false => list,
            };
            left -= list.len();
            for text in list {
                let sum = &mut scratch.sums[*text as usize];
                if *sum == 0.0 {
                    scratch.touched.push(*text);
                }
                *sum += feature.weight;
            }
        }
        best(scratch, rows, wanted)
    }

    /// The cosine of the mention and a text.
    fn cosine(&self, query: &Query, text: usize) -> f32 {
        let mut shared: Vec<u64> = Vec::with_capacity(64);
        trigrams(self.text(text), |key| shared.push(key));
        shared.sort_unstable();
        shared.dedup();
        let dot: f32 = shared.iter().filter_map(|key| query.weights.get(key)).sum();
        let cosine = dot / (query.norm * self.rows()[text].norm);
        // equal sums in another order differ in their last bits
        if cosine.is_finite() { (cosine * 1e6).round().min(1e6) / 1e6 } else { 0.0 }
    }
}

/// Takes the texts with the best sum for their norm out of the scratch memory, and clears it.
fn best(scratch: &mut Scratch, rows: &[TextRow], wanted: usize) -> Vec<u32> {
    let Scratch { sums, touched } = scratch;
    let highest = touched.iter().map(|text| sums[*text as usize]).fold(0.0, f32::max);
    let mut scored: Vec<(f32, u32)> = Vec::new();
    // norms lie far apart in memory, so look at few
    let enough = if touched.len() > 16 * wanted { highest * 0.4 } else { 0.0 };
    for text in touched.drain(..) {
        let sum = std::mem::take(&mut sums[text as usize]);
        if sum >= enough {
            scored.push((sum / rows[text as usize].norm, text));
        }
    }
    let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if scored.len() > wanted {
        scored.select_nth_unstable_by(wanted, order);
        scored.truncate(wanted);
    }
    scored.into_iter().map(|(_, text)| text).collect()
}
