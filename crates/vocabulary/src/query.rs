//! [`Query`]: a mention in the space of the trigrams.

use rustc_hash::FxHashMap;

use crate::{gram::trigrams, lexicon::Lexicon, mention::Mention, texts::Texts};

/// A score and the number of what has it: the weight of a word, or the cosine of a text.
pub(crate) type Scored = (f32, usize);

/// Memory that a thread keeps between mentions.
#[derive(Default)]
pub(crate) struct Scratch {
    /// One more than the place of each trigram in the mention, or 0. All zero between mentions.
    places: Vec<u16>,
    /// Where in `shared` the bits of a word are.
    masks: FxHashMap<u32, usize>,
    /// A bit for each trigram of the mention that a word shares.
    shared: Vec<u64>,
    /// Sums by word. All zero between mentions.
    pub word_sums: Vec<f32>,
    /// Sums by word or text, for a search that reads all of them.
    pub sums: Vec<f32>,
}

/// A word that no term has.
pub(crate) struct UnknownWord {
    /// The trigrams that some term has too, with their weights.
    pub trigrams: Vec<(u32, f32)>,
    /// How many trigrams it has, and what all weigh.
    pub count: usize,
    pub weight: f32,
}

/// A mention and the vocabulary that it is compared with.
pub(crate) struct Query<'a> {
    pub lexicon: &'a Lexicon,
    pub texts: &'a Texts,
    /// Its trigrams that some term has, and their weights.
    pub trigrams: Vec<(u32, f32)>,
    /// Its words that some term has.
    pub known: Vec<usize>,
    pub unknown: Vec<UnknownWord>,
    /// The length of its vector.
    pub norm: f32,
    pub scratch: &'a mut Scratch,
}

impl<'a> Query<'a> {
    pub(crate) fn new(lexicon: &'a Lexicon, texts: &'a Texts, mention: &Mention<'_>, scratch: &'a mut Scratch) -> Self {
        if scratch.places.len() < lexicon.weights.len() {
            scratch.places.resize(lexicon.weights.len(), 0);
        }
        let (mut all, mut known, mut unknown) = (Vec::with_capacity(64), Vec::with_capacity(8), Vec::new());
        let mut add = |trigram: u32| {
            let weight = lexicon.weights[trigram as usize];
            let place = &mut scratch.places[trigram as usize];
            if *place == 0 {
                all.push((trigram, weight));
                *place = all.len() as u16;
            }
            (trigram, weight)
        };
        let mut strange = Vec::new();
        for (text, number) in &mention.words {
            if let Some(word) = number {
                known.push(*word);
                lexicon.trigrams_of.get(*word).iter().for_each(|trigram| {
                    add(*trigram);
                });
                continue;
            }
            let mut word = UnknownWord { trigrams: Vec::with_capacity(16), count: 0, weight: 0.0 };
            trigrams(text, |key| {
                word.count += 1;
                match lexicon.trigram(key) {
                    Some(trigram) => word.trigrams.push(add(trigram as u32)),
                    None => strange.push(key),
                }
            });
            let without = word.count - word.trigrams.len();
            word.weight =
                word.trigrams.iter().map(|(_, weight)| weight).sum::<f32>() + without as f32 * lexicon.unknown_weight;
            unknown.push(word);
        }
        strange.sort_unstable();
        strange.dedup();
        let squares = all.iter().map(|(_, weight)| weight).sum::<f32>();
        let norm = (squares + strange.len() as f32 * lexicon.unknown_weight).sqrt();
        Self { lexicon, texts, trigrams: all, known, unknown, norm, scratch }
    }

    /// Leaves the scratch memory as it was.
    pub(crate) fn finish(self) {
        for (trigram, _) in self.trigrams {
            self.scratch.places[trigram as usize] = 0;
        }
        self.scratch.masks.clear();
        self.scratch.shared.clear();
    }

    /// The weight of the trigrams that a word shares with the mention.
    pub(crate) fn weight_of(&self, word: usize) -> f32 {
        let places = self.lexicon.trigrams_of.get(word).iter().map(|trigram| self.scratch.places[*trigram as usize]);
        places.filter(|place| *place > 0).map(|place| self.trigrams[usize::from(place) - 1].1).sum()
    }

    /// The cosine of the mention and a text, rounded to a millionth.
    pub(crate) fn cosine(&mut self, text: usize) -> f32 {
        let chunks = self.trigrams.len().div_ceil(64);
        let mut shared = [0_u64; 16];
        for word in self.texts.words_of(text) {
            let start = match self.scratch.masks.get(word) {
                Some(start) => *start,
                None => self.mask(*word, chunks),
            };
            let of_word = &self.scratch.shared[start..start + chunks];
            shared.iter_mut().zip(of_word).for_each(|(all, one)| *all |= one);
        }
        let mut dot = 0.0;
        // always in the order of the mention, so that equal trigrams have equal sums
        for (chunk, mut bits) in shared[..chunks].iter().copied().enumerate() {
            while bits != 0 {
                dot += self.trigrams[64 * chunk + bits.trailing_zeros() as usize].1;
                bits &= bits - 1;
            }
        }
        let cosine = dot / (self.norm * self.texts.rows()[text].norm);
        if cosine.is_finite() { (cosine * 1e6).round().min(1e6) / 1e6 } else { 0.0 }
    }

    /// Marks the trigrams that a word shares with the mention, and returns where.
    fn mask(&mut self, word: u32, chunks: usize) -> usize {
        let Scratch { places, masks, shared, .. } = &mut *self.scratch;
        let start = shared.len();
        shared.resize(start + chunks, 0);
        for trigram in self.lexicon.trigrams_of.get(word as usize) {
            if let Some(place) = usize::from(places[*trigram as usize]).checked_sub(1) {
                shared[start + place / 64] |= 1 << (place % 64);
            }
        }
        masks.insert(word, start);
        start
    }
}
