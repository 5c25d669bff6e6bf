//! The constrained decoder of O/B/I heads.

use crate::{Encoding, Span, aggregate::Unit};

/// Stands for a move that is not allowed; finite, so that sums stay ordered.
const NEVER: f32 = -1e9;
const OUTSIDE: usize = 0;
const BEGIN: usize = 1;

/// What a constrained decoder charges and forbids. I follows only B or I, always.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viterbi {
    /// Cost, in nats, of an entity that begins directly after a piece of another entity.
    pub begin_after_entity_cost: f32,
    /// Forbid a change between O and an entity, and a new begin, inside a word.
    pub whole_words: bool,
}

impl Viterbi {
    /// The best legal sequence of O (0), B (1) and I (2) over the pieces of one document.
    ///
    /// `logits` is row-major `[encoding.len(), columns]`; `obi` names the columns of O, B and I. A unit is a piece
    /// here; its score is the probability that the piece belongs to an entity, B and I together. Empty pieces take
    /// part in the search and are left out of the result.
    #[must_use]
    pub fn units(&self, encoding: &Encoding, logits: &[f32], columns: usize, obi: [usize; 3]) -> Vec<Unit> {
        let n = encoding.len();
        let mut came_from: Vec<[u8; 3]> = Vec::with_capacity(n);
        let mut inside = Vec::with_capacity(n);
        let mut best = [0.0, NEVER, NEVER]; // before the first piece: outside
        for i in 0..n {
            let row = obi.map(|c| logits[i * columns + c]);
            let mut p = [0.0; 3];
            crate::aggregate::softmax(&row, &mut p);
            inside.push(p[1] + p[2]);
            let moves = self.moves(self.whole_words && encoding.joined()[i]);
            let mut next = [0.0; 3];
            let mut from = [0; 3];
            for to in 0..3 {
                let (source, value) = (0..3)
                    .map(|source| (source, best[source] + moves[source][to]))
                    .fold((0, f32::NEG_INFINITY), |a, b| if b.1 > a.1 { b } else { a });
                from[to] = source as u8;
                next[to] = value + p[to].max(f32::MIN_POSITIVE).ln();
            }
            // only differences matter: keep the sums small however long the document
            let top = next.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            best = next.map(|v| (v - top).max(NEVER));
            came_from.push(from);
        }
        let mut states = vec![0; n];
        let mut state = (0..3).fold(0, |a, b| if best[b] > best[a] { b } else { a });
        for i in (0..n).rev() {
            states[i] = state;
            state = came_from[i][state] as usize;
        }
        let spans = encoding.spans().iter().zip(states.iter().zip(&inside));
        spans
            .filter(|(span, _)| !span.is_empty())
            .map(|(&span, (&label, &score))| Unit {
                span: Span::new(span.begin(), span.end()),
                label,
                score: if label == OUTSIDE { 1.0 - score } else { score },
            })
            .collect()
    }

    /// Log-costs `[from][to]` over O, B, I.
    fn moves(&self, inside_word: bool) -> [[f32; 3]; 3] {
        if inside_word {
            return [[0.0, NEVER, NEVER], [NEVER, NEVER, 0.0], [NEVER, NEVER, 0.0]];
        }
        let mut moves = [[0.0, 0.0, NEVER], [0.0; 3], [0.0; 3]];
        moves[1][BEGIN] = -self.begin_after_entity_cost;
        moves[2][BEGIN] = -self.begin_after_entity_cost;
        moves
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, pieces: &[(usize, usize)], logits: &[[f32; 3]], expect: &[usize]) {
        let encoding = Encoding::new(text, vec![0; pieces.len()], pieces.iter().copied());
        let viterbi = Viterbi { begin_after_entity_cost: 2.0, whole_words: true };
        let units = viterbi.units(&encoding, &logits.concat(), 3, [0, 1, 2]);
        assert_eq!(units.iter().map(|u| u.label).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn inside_needs_a_begin() {
        check("a b", &[(0, 1), (2, 3)], &[[0.0, 3.0, 5.0], [0.0, 1.0, 5.0]], &[1, 2]);
        check("a b", &[(0, 1), (2, 3)], &[[5.0, 0.0, 0.0], [0.0, 1.0, 5.0]], &[0, 1]);
    }

    #[test]
    fn a_begin_after_an_entity_piece_costs() {
        check("a b", &[(0, 1), (2, 3)], &[[0.0, 5.0, 0.0], [0.0, 5.0, 4.0]], &[1, 2]);
        check("a b", &[(0, 1), (2, 3)], &[[0.0, 5.0, 0.0], [0.0, 7.0, 4.0]], &[1, 1]);
    }

    #[test]
    fn a_word_is_not_cut() {
        check("glargine", &[(0, 4), (4, 8)], &[[0.0, 5.0, 0.0], [3.0, 0.0, 0.0]], &[1, 2]);
        check(
            "a glargine",
            &[(0, 1), (2, 5), (5, 10)],
            &[[5.0, 0.0, 0.0], [5.0, 0.0, 0.0], [0.0, 2.0, 3.0]],
            &[0, 0, 0],
        );
    }

    #[test]
    fn a_hundred_thousand_pieces_do_not_lose_precision() {
        let n = 100_000;
        let text = "a ".repeat(n);
        let pieces: Vec<_> = (0..n).map(|i| (2 * i, 2 * i + 1)).collect();
        let logits: Vec<[f32; 3]> =
            (0..n).map(|i| if i % 2 == 0 { [0.0, 4.0, 0.0] } else { [4.0, 0.0, 0.0] }).collect();
        let expect: Vec<usize> = (0..n).map(|i| (i + 1) % 2).collect();
        check(&text, &pieces, &logits, &expect);
    }
}
