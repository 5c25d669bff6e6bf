//! [`PackedWeight`]: int8 weights in the order in which AVX2 multiplies by them, with half of the widening.
//!
//! `maddubs` multiplies 32 weights by 32 values and adds neighbours in int16. Widening these sums to int32 takes `madd`,
//! as long as the products themselves. Two such sums fit into int16 together if their weights are small enough, and
//! then are widened at once:
//!
//! ```text
//! a quad     four inputs of one output, in a lane of 32 bits:  w0 w1 w2 w3
//! maddubs    two sums in int16:                                q0 w0 + q1 w1    q2 w2 + q3 w3     q at most 255
//! a pair     two quads a and b of 16 outputs with, in each     |a0| + |a1| + |b0| + |b1| <= 128
//!            lane,                                             |a2| + |a3| + |b2| + |b3| <= 128   255 · 128 < 2^15
//! ```
//!
//! Weights reach 64 but are mostly far smaller, so nearly every quad has another that it fits with.

use std::sync::{Arc, Mutex, Weak};

use crate::shared::shared;

/// Outputs of a block: two vectors of eight.
pub(crate) const OUTPUTS: usize = 16;
/// The most that the weights of one sum in int16 may add up to.
const FITS: u32 = 128;

/// The weights of a quad: of the first eight outputs, then of the others. Aligned, so that no vector is loaded from two
/// cache lines.
#[derive(Clone, Copy, PartialEq)]
#[repr(align(64))]
pub(crate) struct QuadWeights(pub(crate) [[i8; 32]; 2]);

/// The packed weights of a layer.
static PACKED: Mutex<Vec<Weak<PackedWeight>>> = Mutex::new(Vec::new());

/// `OUTPUTS` outputs of a layer.
#[derive(Default)]
pub(crate) struct Block {
    /// Quads that fit together, by index.
    pub(crate) pairs: Vec<[u16; 2]>,
    pub(crate) pair_weights: Vec<[QuadWeights; 2]>,
    /// The other quads.
    pub(crate) singles: Vec<u16>,
    pub(crate) single_weights: Vec<QuadWeights>,
    /// The sum of each output's weights.
    pub(crate) sums: [i32; OUTPUTS],
}

/// Weights of `inputs` inputs, a multiple of four, and of whole blocks of outputs.
pub(crate) struct PackedWeight {
    pub(crate) inputs: usize,
    pub(crate) blocks: Vec<Block>,
}

impl PackedWeight {
    /// `weight`, `[inputs, outputs]`, packed once for all kernels with these weights.
    pub(crate) fn of(weight: &[i8], inputs: usize) -> Arc<Self> {
        shared(&PACKED, |packed| packed.is_of(weight, inputs), || Self::packed(weight, inputs))
    }

    fn packed(weight: &[i8], inputs: usize) -> Self {
        let outputs = weight.len() / inputs;
        let block = |first| {
            let quads: Vec<QuadWeights> =
                (0..inputs / 4).map(|quad| quad_weights(weight, outputs, first, quad)).collect();
            Block::of(&quads)
        };
        Self { inputs, blocks: (0..outputs).step_by(OUTPUTS).map(block).collect() }
    }

    fn is_of(&self, weight: &[i8], inputs: usize) -> bool {
        let outputs = self.blocks.len() * OUTPUTS;
        self.inputs == inputs
            && weight.len() == inputs * outputs
            && self.blocks.iter().enumerate().all(|(at, block)| {
                let is_of = |(&quad, weights): (&u16, &QuadWeights)| {
                    *weights == quad_weights(weight, outputs, at * OUTPUTS, usize::from(quad))
                };
                let pairs = block.pairs.as_flattened().iter().zip(block.pair_weights.as_flattened());
                pairs.chain(block.singles.iter().zip(&block.single_weights)).all(is_of)
            })
    }
}

/// The weights of the quad `quad` for the block of outputs that begins at `first`.
fn quad_weights(weight: &[i8], outputs: usize, first: usize, quad: usize) -> QuadWeights {
    let mut weights = QuadWeights([[0; 32]; 2]);
    for (at, value) in weights.0.as_flattened_mut().iter_mut().enumerate() {
        *value = weight[(4 * quad + at % 4) * outputs + first + at / 4];
    }
    weights
}

impl Block {
    /// Finds a partner for each quad, beginning with the quads that fit with fewest others.
    fn of(quads: &[QuadWeights]) -> Self {
        let sums: Vec<[u8; 32]> = quads.iter().map(sums).collect();
        let mut left: Vec<usize> = (0..quads.len()).collect();
        left.sort_by_key(|&quad| sums[quad].iter().max().copied());
        let mut block = Self::default();
        while let Some(quad) = left.pop() {
            match left.iter().rposition(|&other| fit(&sums[quad], &sums[other])) {
                Some(at) => {
                    let other = left.remove(at);
                    block.pairs.push([quad as u16, other as u16]);
                    block.pair_weights.push([quads[quad], quads[other]]);
                }
                None => {
                    block.singles.push(quad as u16);
                    block.single_weights.push(quads[quad]);
                }
            }
        }
        for weights in quads {
            for (sum, weights) in block.sums.iter_mut().zip(weights.0.as_flattened().as_chunks::<4>().0) {
                *sum += weights.iter().map(|&weight| i32::from(weight)).sum::<i32>();
            }
        }
        block
    }
}

/// For each sum in int16, the absolute values of its two weights, added.
fn sums(weights: &QuadWeights) -> [u8; 32] {
    let mut sums = [0; 32];
    for (sum, [first, second]) in sums.iter_mut().zip(weights.0.as_flattened().as_chunks::<2>().0) {
        *sum = first.unsigned_abs() + second.unsigned_abs();
    }
    sums
}

fn fit(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.iter().zip(other).all(|(one, other)| u32::from(*one) + u32::from(*other) <= FITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_packed_once() {
        let weight: Vec<i8> = (0..8 * 32).map(|i| (i * 37 % 129 - 64) as i8).collect();
        let packed = PackedWeight::of(&weight, 8);
        assert!(Arc::ptr_eq(&packed, &PackedWeight::of(&weight, 8)));
        let mut other = weight.clone();
        other[200] = 1 - other[200].signum();
        assert!(!Arc::ptr_eq(&packed, &PackedWeight::of(&other, 8)));
        assert!(!Arc::ptr_eq(&packed, &PackedWeight::of(&weight, 16)));
    }

    #[test]
    fn quads_are_paired_where_their_sums_fit() {
        let quad = |weight| QuadWeights([[weight; 32]; 2]);
        let block = Block::of(&[quad(60), quad(4), quad(64), quad(-33), quad(0), quad(32)]);
        assert_eq!(block.pairs, [[2, 4], [0, 1]]);
        assert_eq!(block.singles, [3, 5]);
        assert_eq!(block.sums, [4 * (60 + 4 + 64 - 33 + 32); OUTPUTS]);
    }
}
