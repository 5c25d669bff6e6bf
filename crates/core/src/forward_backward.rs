//! Sums over all sequences of labels: the forward-backward algorithm.
//!
//! A sequence `y` of labels has the weight `start(y_0) p_0(y_0) move(y_0, y_1) p_1(y_1) ... end(y_n)`. With `c_i` such
//! that each row of `alpha` adds up to 1:
//!
//! ```text
//! alpha_0(y) = start(y) p_0(y) / c_0
//! alpha_i(y) = sum_x alpha_i-1(x) move(x, y) p_i(y) / c_i          forward
//! beta_n(x)  = end(x) / sum_x alpha_n(x) end(x)
//! beta_i(x)  = sum_y move(x, y) p_i+1(y) / c_i+1 beta_i+1(y)       backward
//! P(y_i = y) = alpha_i(y) beta_i(y)
//! ```
//!
//! Source: Rabiner, A tutorial on hidden Markov models and selected applications in speech recognition, Proceedings of
//! the IEEE 77, 1989, with its scaling.

use crate::{aggregate::Emissions, moves::Moves, number::Number};

/// The least probability of a label, so that some sequence is always possible.
pub(crate) const LEAST: f32 = 1e-12;

/// The weights of the moves of one head: the exponentials of their log-weights.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MoveWeights<N> {
    start: Vec<N>,
    end: Vec<N>,
    between: Vec<N>,
    inside: Vec<N>,
}

impl<N: Number> MoveWeights<N> {
    pub(crate) fn new(moves: &Moves) -> Self {
        let weights = |logs: &[f32]| logs.iter().map(|&log| N::exp(log)).collect();
        Self {
            start: weights(&moves.start),
            end: weights(&moves.end),
            between: weights(&moves.between),
            inside: weights(&moves.inside),
        }
    }
}

/// Forward and backward sums over one document, row-major `[units, labels]`.
pub(crate) struct Sums<'a, N> {
    pub(crate) moves: &'a Moves,
    weights: &'a MoveWeights<N>,
    emissions: &'a Emissions,
    /// `alpha`.
    pub(crate) forward: Vec<N>,
    /// `beta`.
    pub(crate) backward: Vec<N>,
    /// `p_i(y) / c_i`.
    scaled: Vec<N>,
}

impl<'a, N: Number> Sums<'a, N> {
    pub(crate) fn new(moves: &'a Moves, weights: &'a MoveWeights<N>, emissions: &'a Emissions) -> Self {
        let scaled = emissions.probabilities.iter().map(|p| N::of(p.max(LEAST))).collect::<Vec<_>>();
        let forward = Vec::with_capacity(scaled.len());
        let backward = vec![N::of(0.0); scaled.len()];
        let mut sums = Self { moves, weights, emissions, forward, backward, scaled };
        sums.sum_forward();
        sums.sum_backward();
        sums
    }

    /// Number of units.
    pub(crate) fn units(&self) -> usize {
        self.emissions.spans.len()
    }

    fn sum_forward(&mut self) {
        let l = self.moves.labels;
        for i in 0..self.units() {
            for to in 0..l {
                let arrived = match i.checked_sub(1) {
                    None => self.weights.start[to],
                    Some(before) => {
                        let from = |from: usize| self.forward[before * l + from].times(self.weight(i, from, to));
                        N::sum((0..l).map(from))
                    }
                };
                self.forward.push(arrived.times(self.scaled[i * l + to]));
            }
            let scale = N::sum(self.forward[i * l..].iter().copied());
            let row = self.forward[i * l..].iter_mut().chain(&mut self.scaled[i * l..(i + 1) * l]);
            row.for_each(|value| *value = value.over(scale));
        }
    }

    fn sum_backward(&mut self) {
        let l = self.moves.labels;
        let Some(last) = self.units().checked_sub(1) else { return };
        let ends = N::sum((0..l).map(|from| self.forward[last * l + from].times(self.weights.end[from])));
        for from in 0..l {
            self.backward[last * l + from] = self.weights.end[from].over(ends);
        }
        for i in (0..last).rev() {
            for from in 0..l {
                let to = |to: usize| self.step(i, from, to).times(self.backward[(i + 1) * l + to]);
                self.backward[i * l + from] = N::sum((0..l).map(to));
            }
        }
    }

    /// True if no sum under- or overflowed. One move shrinks a value by less than the smallest accepted value, so a
    /// zero here means impossible.
    pub(crate) fn are_sound(&self) -> bool {
        self.forward.iter().chain(&self.backward).all(|number| number.is_sound())
    }

    /// `move(from, to)` into unit `i`.
    fn weight(&self, i: usize, from: usize, to: usize) -> N {
        let weights = if self.emissions.inside_word[i] { &self.weights.inside } else { &self.weights.between };
        weights[from * self.moves.labels + to]
    }

    /// `move(from, to) p_i+1(to) / c_i+1`: the weight of a step from unit `i` to the next one.
    pub(crate) fn step(&self, i: usize, from: usize, to: usize) -> N {
        self.weight(i + 1, from, to).times(self.scaled[(i + 1) * self.moves.labels + to])
    }

    /// The probability of the sequences with the forward sums `mass` into each label of unit `i`, whatever follows.
    pub(crate) fn probability(&self, mass: &[N], i: usize) -> f64 {
        let backward = &self.backward[i * self.moves.labels..];
        mass.iter().zip(backward).map(|(mass, backward)| mass.times(*backward).value()).sum()
    }
}
