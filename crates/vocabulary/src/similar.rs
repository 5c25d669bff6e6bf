//! The last step: cosine of TF-IDF weighted trigrams.
//!
//! ```text
//! mention ─ trigrams ─▶ words that share some ─ postings ─▶ texts with these words ─ the best ─▶ compared in full
//! ```
//!
//! A word weighs as much as the trigrams that it shares with the mention. No text shares more than all its words together,
//! so the sum of the weights of its words is an upper bound of its cosine.
//!
//! 1. In vocabularies of some thousand terms, all words and texts that share a trigram are read, and texts are compared
//!    until no bound is above what was found: the search is exact.
//! 2. In larger ones the texts of the mention's own words are read, and for an unknown word those of words like it: the
//!    rarest words first, until a text of the other words alone cannot be nearer than what was found.
//! 3. If that reads too much, or finds nothing near, texts of more words are read.

use std::cell::RefCell;

use crate::{
    lexicon::Lexicon,
    like_words::{more_words, own_words},
    lists::Posting,
    mention::Mention,
    query::{Query, Scored, Scratch},
    scan::Scan,
    texts::Texts,
};

/// Most texts of a vocabulary, and most postings of a mention, that are searched exactly.
const EXACT: (usize, usize) = (4096, 32_768);
/// An exact search compares texts whose bound is at least this share of the highest, then this share of that, and so on.
const PART: f32 = 0.6;
/// Bounds and cosines are rounded.
const ROUNDING: f32 = 0.9999;

/// Most postings that are read of own words, and of more words.
const BUDGETS: [usize; 2] = [2048, 8192];
/// A text with this cosine is near enough, though others may be nearer.
const NEAR: f32 = 0.8;
/// If no text has this cosine, more words are read, though none of the mention's own can give a nearer one.
const FAIR: f32 = 0.5;
/// Texts that are compared in full at a time.
const CHUNK: usize = 4;
/// A text is not compared if its words promise less than this share of the cosine that is wanted. Words that are not the
/// mention's own may add to it.
const PROMISE: f32 = 0.7;
/// A list that is too long is read where the norm of texts is near that of the mention, by this factor.
const WINDOWS: [f32; 7] = [0.7, 0.8, 0.9, 0.95, 0.975, 0.99, 0.999];

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// Takes some texts with their cosines, and says what a cosine must reach from there on to be wanted.
pub(crate) type Taker<'a> = dyn FnMut(&[Scored]) -> f32 + 'a;

/// Hands the texts like the mention on. `least` is the cosine that is wanted at first, and `top` about how many texts are.
pub(crate) fn nearest(
    lexicon: &Lexicon, texts: &Texts, mention: &Mention<'_>, top: usize, least: f32, take: &mut Taker<'_>,
) {
    // no cosine is above 1
    if least > 1.0 {
        return;
    }
    SCRATCH.with_borrow_mut(|scratch| {
        let query = Query::new(lexicon, texts, mention, scratch);
        let (least, hoped) = (least.max(0.0), NEAR);
        let mut search = Search { query, take, least, wanted: least, highest: 0.0, hoped, compared: Vec::new() };
        search.run(top);
        search.query.finish();
    });
}

struct Search<'a, 'b> {
    query: Query<'a>,
    take: &'b mut Taker<'b>,
    least: f32,
    /// The cosine that is wanted now, and the highest so far.
    wanted: f32,
    highest: f32,
    /// Texts are compared when all others have at most this cosine.
    hoped: f32,
    compared: Vec<usize>,
}

impl Search<'_, '_> {
    fn run(&mut self, top: usize) {
        if self.run_exactly() {
            return;
        }
        let words = own_words(&mut self.query);
        if self.read(&words, BUDGETS[0], top.saturating_mul(3).max(16)) && self.highest >= FAIR {
            return;
        }
        let words = more_words(&mut self.query);
        self.read(&words, BUDGETS[1], top.saturating_mul(4).max(32));
    }

    /// Reads all texts that share a trigram. False if that is too much.
    fn run_exactly(&mut self) -> bool {
        let Query { lexicon, texts, norm, .. } = self.query;
        let Some(norms) = texts.norms().filter(|norms| norms.len() <= EXACT.0) else { return false };
        let trigrams = self.query.trigrams.iter().map(|(trigram, weight)| (*weight, *trigram as usize));
        if trigrams.clone().map(|(_, trigram)| lexicon.with_trigram.len(trigram)).sum::<usize>() > EXACT.1 {
            return false;
        }
        let mut sums = std::mem::take(&mut self.query.scratch.sums);
        let weights = emptied(&mut sums, lexicon.norms.len());
        for (weight, trigram) in trigrams {
            lexicon.with_trigram.get(trigram).iter().for_each(|word| weights[*word as usize] += weight);
        }
        let words = between(weights, 0.0, f32::INFINITY);
        let is_little = words.iter().map(|(_, word)| texts.with_word.len(*word)).sum::<usize>() <= EXACT.1;
        if is_little {
            let range = texts.range(norm * self.least, norm / self.least);
            let bounds = emptied(&mut sums, texts.rows().len());
            for (weight, word) in words {
                texts.with_word.part(word, range).iter().for_each(|posting| bounds[posting.text as usize] += weight);
            }
            let mut highest = 0.0_f32;
            for (bound, of_text) in bounds.iter_mut().zip(norms) {
                *bound /= norm * of_text;
                highest = highest.max(*bound);
            }
            let (mut low, mut high) = (highest * PART, f32::INFINITY);
            while high > self.wanted * ROUNDING && high > 0.0 {
                self.compare(between(bounds, low, high), ROUNDING);
                // in the end all that are left
                (high, low) = (low, if low > highest / 32.0 { low * PART } else { 0.0 });
            }
        }
        self.query.scratch.sums = sums;
        is_little
    }

    /// Reads the texts of words, the rarest words first, and compares the best `wanted`. True if no other text can be nearer,
    /// or one is near anyway; false if the budget ends before.
    fn read(&mut self, words: &[Scored], budget: usize, wanted: usize) -> bool {
        let Query { texts, norm, .. } = self.query;
        let range = |least: f32| texts.range(norm * least, norm / least);
        let whole = range(self.least);
        let with_list = |(weight, word): &Scored| (*weight, *word, texts.with_word.part(*word, whole));
        let mut lists: Vec<(f32, usize, &[Posting])> = words.iter().map(with_list).collect();
        lists.sort_by_key(|(_, _, list)| list.len());
        // touched one after the other, so that the waits for memory overlap
        std::hint::black_box(
            lists.iter().fold(0, |all, (_, _, list)| all ^ list.first().map_or(0, |first| first.text)),
        );
        let mut scan = Scan::new(words, wanted.min(budget));
        let mut unread: f32 = words.iter().map(|(weight, _)| weight).sum();
        let (mut left, count) = (budget, lists.len());
        for (at, (weight, word, mut list)) in lists.into_iter().enumerate() {
            if list.len() <= left {
                unread -= weight;
            } else {
                let share = left / (count - at);
                let windows = WINDOWS.iter().filter(|window| **window > self.least);
                let mut parts = windows.map(|window| texts.with_word.part(word, range(*window)));
                list = parts.find(|part| part.len() <= share).unwrap_or_default();
            }
            left -= list.len();
            scan.read(list, weight, |text| norm * texts.least_norm(text));
            // of a text that shares all trigrams of the unread words, and has no other
            let others = unread.max(0.0).sqrt() / norm;
            if others <= self.hoped || at + 1 == count {
                let is_new = |(_, text): &&Scored| !self.compared.contains(text);
                let new: Vec<Scored> = scan.best().iter().filter(is_new).copied().collect();
                self.compared.extend(new.iter().map(|(_, text)| *text));
                self.compare(new, PROMISE);
                self.hoped = self.highest;
                if others <= self.highest {
                    return true;
                }
            }
        }
        self.highest >= NEAR
    }

    /// Compares texts in full, the highest bounds first, until all are below this share of what is wanted.
    fn compare(&mut self, mut texts: Vec<Scored>, share: f32) {
        texts.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for chunk in texts.chunks(CHUNK) {
            if chunk[0].0 < self.wanted * share {
                break;
            }
            // touched one after the other, so that the waits for memory overlap
            let first_word = |(_, text): &Scored| self.query.texts.words_of(*text).first().copied().unwrap_or_default();
            std::hint::black_box(chunk.iter().fold(0, |all, text| all ^ first_word(text)));
            let mut near: Vec<Scored> = chunk.iter().map(|(_, text)| (self.query.cosine(*text), *text)).collect();
            self.highest = near.iter().fold(self.highest, |highest, (cosine, _)| highest.max(*cosine));
            near.retain(|(cosine, _)| *cosine >= self.least.max(self.wanted * ROUNDING) && *cosine > 0.0);
            if !near.is_empty() {
                self.wanted = (self.take)(&near);
            }
        }
    }
}

fn emptied(sums: &mut Vec<f32>, count: usize) -> &mut [f32] {
    sums.clear();
    sums.resize(count, 0.0);
    sums
}

/// The items with a bound from `low` to before `high`, and above zero.
fn between(bounds: &[f32], low: f32, high: f32) -> Vec<Scored> {
    let mut found = Vec::with_capacity(64);
    for (bounds, first) in bounds.chunks(16).zip((0..).step_by(16)) {
        let is_between = |bound: f32| bound >= low && bound < high && bound > 0.0;
        let mut bits = (0..16).zip(bounds).fold(0_u32, |bits, (at, bound)| bits | u32::from(is_between(*bound)) << at);
        // most have few, and branches that cannot be foreseen take longer than all the rest
        while bits != 0 {
            let at = bits.trailing_zeros() as usize;
            found.push((bounds[at], first + at));
            bits &= bits - 1;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BuildOptions, Builder, Entry, file::OpenFile, fold::fold};

    struct Index {
        lexicon: Lexicon,
        texts: Texts,
    }

    impl Index {
        fn new(terms: &[String]) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.vocabulary");
            let mut builder = Builder::new(&path, BuildOptions { memory: 1 << 16, ..BuildOptions::default() }).unwrap();
            terms.iter().for_each(|term| builder.push(&Entry::new(term, term)).unwrap());
            builder.finish().unwrap();
            let file = OpenFile::read(&path).unwrap();
            let lexicon = Lexicon::open(&file, terms.len()).unwrap();
            let texts = Texts::open(&file, &lexicon, terms.len()).unwrap();
            Self { lexicon, texts }
        }

        /// What is found, best first.
        fn nearest(&self, mention: &str, top: usize, least: f32) -> Vec<Scored> {
            let folded = fold(mention);
            let mut found: Vec<Scored> = Vec::new();
            nearest(&self.lexicon, &self.texts, &Mention::new(&folded, &self.lexicon), top, least, &mut |near| {
                found.extend(near);
                found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
                found.dedup();
                found.get(top - 1).map_or(least, |(cosine, _)| *cosine)
            });
            found
        }

        /// What comparing every text finds.
        fn all(&self, mention: &str, least: f32) -> Vec<Scored> {
            let (folded, mut scratch) = (fold(mention), Scratch::default());
            let mention = Mention::new(&folded, &self.lexicon);
            let mut query = Query::new(&self.lexicon, &self.texts, &mention, &mut scratch);
            let all = (0..self.texts.rows().len()).map(|text| (query.cosine(text), text));
            let mut all: Vec<Scored> = all.filter(|(cosine, _)| *cosine >= least && *cosine > 0.0).collect();
            all.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            all
        }
    }

    /// Numbers below a bound, the same each time.
    fn random(state: &mut u64, below: usize) -> usize {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) as usize % below
    }

    /// Terms of four words out of 4,000, some of which are in many terms.
    fn terms(count: usize) -> Vec<String> {
        let mut state = 7;
        let mut word = |syllables: usize| -> String {
            let mut syllable = || {
                format!("{}{}", &"bcdfglmnprst"[random(&mut state, 12)..][..1], &"aeio"[random(&mut state, 4)..][..1])
            };
            (0..syllables).map(|_| syllable()).collect()
        };
        let words: Vec<String> = (0..4000).map(|number| word(2 + number % 4)).collect();
        let mut word = || words[random(&mut state, 4000) * random(&mut state, 4000) / 4000].as_str();
        let mut terms: Vec<String> = (0..count).map(|_| [word(), word(), word(), word()].join(" ")).collect();
        terms.sort();
        terms.dedup();
        terms
    }

    /// A term misspelt, without its first word, and with a word too many.
    fn faulty(terms: &[String], number: usize) -> [String; 3] {
        let term = &terms[number];
        let (first, rest) = term.split_once(' ').unwrap();
        let (other, _) = terms[terms.len() - 1 - number].split_once(' ').unwrap();
        [[&first[..2], &first[3..], " ", rest].concat(), rest.to_string(), format!("{other} {term}")]
    }

    #[test]
    fn a_small_index_finds_what_comparing_every_term_finds() {
        let terms = terms(EXACT.0 / 2);
        let index = Index::new(&terms);
        let mentions = (0..terms.len()).step_by(40).flat_map(|number| faulty(&terms, number));
        for mention in mentions.chain(["xyz".to_string(), "zyxw".to_string(), "a".to_string()]) {
            for least in [0.0, 0.3, 0.9] {
                let all = index.all(&mention, least);
                for top in [1, 3, 100] {
                    let found = index.nearest(&mention, top, least);
                    assert_eq!(found[..found.len().min(top)], all[..all.len().min(top)], "{mention} {least} {top}");
                }
            }
        }
    }

    #[test]
    fn a_large_index_nearly_always_finds_the_nearest_term() {
        let terms = terms(3 * EXACT.0);
        let index = Index::new(&terms);
        let (mut found, mut count) = ([0; 3], 0);
        for number in (0..terms.len()).step_by(40) {
            count += 1;
            for (found, mention) in found.iter_mut().zip(faulty(&terms, number)) {
                let (near, all) = (index.nearest(&mention, 1, 0.0), index.all(&mention, 0.0));
                assert!(near.iter().all(|text| all.contains(text)), "{mention}");
                let more = index.nearest(&mention, usize::MAX, 0.0);
                assert!(near.first().is_none_or(|best| more.contains(best)), "{mention}");
                *found += u32::from(near.first().map(|(cosine, _)| *cosine) == all.first().map(|(cosine, _)| *cosine));
            }
        }
        assert!(found.iter().all(|found| *found * 100 >= 97 * count), "{found:?} of {count}");
    }
}
