//! [`Scan`]: the best texts of lists of postings.
//!
//! A posting tells of other words of its text too, so that one list is enough to know the best texts in it. Lists are read
//! in order, which is the fastest way to read memory.

use crate::{
    lists::{Posting, byte},
    query::Scored,
};

/// Looks for the texts that have the most of some words, by weight.
pub(crate) struct Scan {
    /// The weight of a word by its [`byte`].
    weights: [f32; 256],
    found: Vec<Scored>,
    least: f32,
    wanted: usize,
}

impl Scan {
    /// Looks for the `wanted` best texts.
    pub(crate) fn new(words: &[Scored], wanted: usize) -> Self {
        let mut weights = [0.0_f32; 256];
        for (weight, word) in words {
            let of_byte = &mut weights[usize::from(byte(*word as u32))];
            *of_byte = of_byte.max(*weight);
        }
        Self { weights, found: Vec::with_capacity(4 * wanted), least: 0.0, wanted }
    }

    /// Reads postings of a word with this weight. The weight of a text is divided by what `norm` says.
    pub(crate) fn read(&mut self, postings: &[Posting], weight: f32, norm: impl Fn(usize) -> f32) {
        for posting in postings {
            let [a, b, c, d] = posting.others.map(|byte| self.weights[usize::from(byte)]);
            let score = (weight + (a + b) + (c + d)) / norm(posting.text as usize);
            if score > self.least {
                self.found.push((score, posting.text as usize));
                if self.found.len() == self.found.capacity() {
                    self.narrow();
                }
            }
        }
    }

    fn narrow(&mut self) {
        self.found.sort_unstable_by(|a, b| a.1.cmp(&b.1).then(b.0.total_cmp(&a.0)));
        self.found.dedup_by_key(|(_, text)| *text);
        if self.found.len() >= self.wanted {
            let order = |a: &Scored, b: &Scored| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
            let (_, (score, _), _) = self.found.select_nth_unstable_by(self.wanted - 1, order);
            self.least = *score;
            self.found.truncate(self.wanted);
        }
    }

    /// The best texts so far with their scores.
    pub(crate) fn best(&mut self) -> &[Scored] {
        self.narrow();
        &self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_texts_of_lists_come_once() {
        // text 7 has the words 1, 2 and 3, text 8 the words 1 and 9, text 9 the word 2
        let counts = [1; 10];
        let posting = |text, words: &[u32], word| Posting::new(text, words, word, &counts);
        let mut scan = Scan::new(&[(4.0, 1), (2.0, 2), (1.0, 3)], 2);
        let norm = |text| if text == 9 { 0.25 } else { 1.0 };
        scan.read(&[posting(7, &[1, 2, 3], 1), posting(8, &[1, 9], 1)], 4.0, norm);
        scan.read(&[posting(7, &[1, 2, 3], 2), posting(9, &[2], 2)], 2.0, norm);
        let mut best = scan.best().to_vec();
        best.sort_by(|a, b| b.0.total_cmp(&a.0));
        assert_eq!(best, [(8.0, 9), (7.0, 7)]);
    }
}
