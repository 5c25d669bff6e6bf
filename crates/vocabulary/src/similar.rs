//! The last step: cosine of TF-IDF weighted trigrams, over the inverted index.
//!
//! A list of postings has the texts of one feature, by norm. Features are read from the rarest on:
//!
//! 1. Only norms within `|q| · t` and `|q| / t` are read, for beyond them no cosine reaches `t`.
//! 2. Whole words are features too. Their lists are short, and one of them stands for all trigrams of the word.
//! 3. If all trigrams have at most [`EXACT`] postings, all are read, and the search is exact. If not, rare words are
//!    read first, and [`BUDGET`] postings only if these find nothing near. The texts with the best sums are compared in
//!    full.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use crate::{
    VocabularyError,
    file::OpenFile,
    gram::{is_word, trigrams, weight, words},
    section::{Section, SectionKind},
    table::TextRow,
};

/// Most postings that an exact search reads of one mention.
const EXACT: usize = 16_384;
/// Most postings that any other search reads: each is a random access to memory.
const BUDGET: usize = 8192;
/// Most postings of rare words that are read first. A text with a cosine of [`NEAR`] among them ends the search.
const RARE: usize = 1024;
const NEAR: f32 = 0.8;
/// Texts that are compared in full for each code that is wanted, and at least.
const COMPARED: (usize, usize) = (4, 32);

/// Texts from one norm of [`SimilarIndex::norms`] to the next.
const STRIDE: usize = 256;

/// The index of an open vocabulary.
#[derive(Debug)]
pub(crate) struct SimilarIndex {
    pub texts: Section,
    pub rows: Section,
    pub ends: Section,
    pub postings: Section,
    /// The norm of every 256th text.
    norms: Vec<f32>,
    /// Numbers of the trigrams.
    trigrams: FxHashMap<u64, u32>,
    /// Numbers of the words, apart because they are many, and few are looked up.
    words: FxHashMap<u64, u32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Texts whose sum is this share of the highest may be best, in a search that is not exact.
const CUT: f32 = 0.4;
/// Slots of a [`Scratch`]: twice the texts that a search can touch.
const SLOTS: usize = 2 * EXACT;

/// The sum of each text that was touched: an open hash table, which a thread keeps between mentions. An array with a
/// sum for every text would be larger than the caches.
#[derive(Default)]
struct Scratch {
    /// One more than the number of the text, and its sum. All zero between mentions.
    slots: Vec<(u32, f32)>,
    touched: Vec<u32>,
    highest: f32,
}

impl Scratch {
    fn add(&mut self, text: u32, weight: f32) {
        let key = text.wrapping_add(1);
        let mut at = (text.wrapping_mul(0x9e37_79b1) >> (32 - SLOTS.ilog2())) as usize;
        loop {
            let slot = &mut self.slots[at];
            if slot.0 == key || slot.0 == 0 {
                if slot.0 == 0 {
                    self.touched.push(at as u32);
                }
                *slot = (key, slot.1 + weight);
                self.highest = self.highest.max(slot.1);
                return;
            }
            at = (at + 1) % SLOTS;
        }
    }
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
    pub(crate) fn open(file: &OpenFile) -> Result<Self, VocabularyError> {
        let keys = file.section(SectionKind::Features)?;
        let keys = bytemuck::try_cast_slice::<u8, u64>(keys.as_ref()).map_err(|_| file.damaged("its features"))?;
        let (words, trigrams) = keys.iter().copied().zip(0..).partition(|(key, _)| is_word(*key));
        let rows = file.section(SectionKind::TextRows)?;
        let norms = bytemuck::try_cast_slice::<u8, TextRow>(rows.as_ref()).map_err(|_| file.damaged("its index"))?;
        let norms = norms.iter().step_by(STRIDE).map(|row| row.norm).collect();
        Ok(Self {
            norms,
            texts: file.section(SectionKind::FoldedTexts)?,
            rows,
            ends: file.section(SectionKind::PostingEnds)?,
            postings: file.section(SectionKind::Postings)?,
            trigrams,
            words,
        })
    }

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
            && self.trigrams.len() + self.words.len() == self.ends().len()
            && self.ends().last().map_or(0, |end| *end as usize) == self.postings().len()
            && self.ends().is_sorted()
            && self.rows().is_sorted_by_key(|row| row.text_end)
            && self.rows().iter().all(|row| row.first as usize + row.terms as usize <= terms && row.norm.is_finite())
            && self.postings().iter().all(|text| (*text as usize) < self.rows().len())
    }

    /// Texts like the folded mention with their cosine, rounded to a millionth: at least `least`, best first.
    pub(crate) fn nearest(&self, folded: &str, top: usize, least: f32) -> Vec<(f32, usize)> {
        let query = self.query(folded);
        // no cosine is above 1
        let least = least.max(0.0);
        if query.features.is_empty() || least > 1.0 {
            return Vec::new();
        }
        let wanted = top.saturating_mul(COMPARED.0).max(COMPARED.1);
        let trigrams: usize = query.features.iter().filter(|f| !f.is_word).map(|f| f.end - f.start).sum();
        if trigrams <= EXACT {
            return self.read(&query, least, wanted, EXACT, |feature| !feature.is_word);
        }
        let few = top.saturating_mul(3).max(16);
        let near =
            self.read(&query, least, few, RARE, |feature| feature.is_word && feature.end - feature.start <= RARE);
        match near.first() {
            Some((cosine, _)) if *cosine >= NEAR => near,
            _ => self.read(&query, least, wanted, BUDGET, |_| true),
        }
    }

    /// Reads at most `budget` postings, of the features that `is_read` names, and compares the best texts in full.
    fn read(
        &self, query: &Query, least: f32, wanted: usize, budget: usize, is_read: impl Fn(&Feature) -> bool,
    ) -> Vec<(f32, usize)> {
        let features = query.features.iter().filter(|feature| is_read(feature));
        let candidates = SCRATCH.with_borrow_mut(|scratch| {
            self.sum(query, features, budget, least, scratch);
            match budget {
                EXACT => best(scratch, |text| self.rows()[text].norm, 0.0, wanted),
                // neighbours have nearly the same norm, and few norms fit the caches
                _ => best(scratch, |text| self.norms[text / STRIDE], CUT, wanted),
            }
        });
        let cosines = candidates.into_iter().map(|text| (self.cosine(query, text as usize), text as usize));
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
            let numbers = if is_word { &self.words } else { &self.trigrams };
            let Some(number) = numbers.get(&key) else {
                return unknown;
            };
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

    /// Adds the weights of features up for each of their texts, in the scratch memory.
    fn sum<'a>(
        &self, query: &Query, features: impl Iterator<Item = &'a Feature>, budget: usize, least: f32,
        scratch: &mut Scratch,
    ) {
        scratch.slots.resize(SLOTS, (0, 0.0));
        scratch.highest = 0.0;
        let (from, to) = self.range(query.norm * least, query.norm / least);
        let (near, _) = self.range(query.norm, query.norm);
        let mut left = budget;
        for feature in features {
            if left == 0 {
                break;
            }
            let mut list = &self.postings()[feature.start..feature.end];
            // finding the ends of a short list costs more than reading it
            if list.len() > 512 {
                list = &list[list.partition_point(|text| *text < from)..list.partition_point(|text| *text < to)];
            }
            if list.len() > left {
                // those of the nearest norms
                let middle = list.partition_point(|text| *text < near);
                let start = middle.saturating_sub(left / 2).min(list.len() - left);
                list = &list[start..start + left];
            }
            left -= list.len();
            list.iter().for_each(|text| scratch.add(*text, feature.weight));
        }
    }

    /// A range of texts that has all with a norm from `low` to `high`, and few others.
    fn range(&self, low: f32, high: f32) -> (u32, u32) {
        // a little wider, for rounding; without a least similarity there is no upper end
        let from = self.norms.partition_point(|norm| *norm < low * 0.999).saturating_sub(1) * STRIDE;
        let to = match high.is_finite() {
            true => self.norms.partition_point(|norm| *norm <= high * 1.001) * STRIDE,
            false => self.rows().len(),
        };
        (from as u32, to.min(self.rows().len()) as u32)
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

/// Takes the texts with the best sum for their norm out of the scratch memory, and clears it. Texts with less than the
/// share `cut` of the highest sum are left out.
fn best(scratch: &mut Scratch, norm: impl Fn(usize) -> f32, cut: f32, wanted: usize) -> Vec<u32> {
    let Scratch { slots, touched, highest } = scratch;
    let mut scored: Vec<(f32, u32)> = Vec::new();
    let enough = *highest * cut;
    for at in touched.drain(..) {
        let (key, sum) = std::mem::take(&mut slots[at as usize]);
        let text = key - 1;
        if sum >= enough {
            scored.push((sum / norm(text as usize), text));
        }
    }
    let order = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
    if scored.len() > wanted {
        scored.select_nth_unstable_by(wanted, order);
        scored.truncate(wanted);
    }
    scored.into_iter().map(|(_, text)| text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BuildOptions, Builder, Entry, fold::fold};

    #[test]
    fn the_index_finds_what_comparing_every_term_finds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.vocabulary");
        let mut builder = Builder::new(&path, BuildOptions { memory: 4096, ..BuildOptions::default() }).unwrap();
        let [heads, places] = [["carcinoma", "cáncer", "metástasis"], ["de mama", "pulmonar", "óseas"]];
        for (number, (head, place)) in heads.iter().flat_map(|head| places.map(|place| (head, place))).enumerate() {
            for term in [format!("{head} {place}"), format!("{place} {head} grado {number}")] {
                builder.push(&Entry::new(&term, &number.to_string())).unwrap();
            }
        }
        builder.finish().unwrap();
        let index = SimilarIndex::open(&OpenFile::read(&path).unwrap()).unwrap();
        for (mention, least) in [("carcinona de mama", 0.0), ("metastasis osea", 0.3), ("pulmon", 0.1), ("xyz", 0.0)] {
            let query = index.query(&fold(mention));
            let all = (0..index.rows().len()).map(|text| (index.cosine(&query, text), text));
            let mut expected: Vec<_> = all.filter(|(cosine, _)| *cosine >= least && *cosine > 0.0).collect();
            expected.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            assert_eq!(index.nearest(&fold(mention), 100, least), expected, "{mention}");
        }
        let (_, text) = index.nearest("mama carcinoma de", 1, 0.0)[0];
        assert_eq!(index.text(text), "carcinoma de mama");
    }
}
