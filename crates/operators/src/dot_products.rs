//! [`DotProducts`]: dot products of bytes, four products an int32 lane, in the vector registers of a CPU.

/// Multiplies the int8 weights of four units by the uint8 values of these units, and sums by output.
///
/// ```text
/// weights of units a, b, c, d            interleaved: the four weights of an output are neighbours
/// a0 a1 a2 …                             a0 b0 c0 d0  a1 b1 c1 d1  a2 b2 c2 d2 …
/// b0 b1 b2 …                  ───▶              ·            ·            ·
/// c0 c1 c2 …                             qa qb qc qd  qa qb qc qd  qa qb qc qd …
/// d0 d1 d2 …                             one int32 lane an output
/// ```
pub(crate) trait DotProducts: Copy {
    /// Outputs of one call.
    const OUTPUTS: usize;
    /// Interleaved weights of four units.
    type Weights: Copy;
    /// Sums of `OUTPUTS` outputs.
    type Sums: Copy;

    /// Sums of nothing.
    fn zero(self) -> Self::Sums;

    /// Interleaves the first `OUTPUTS` weights of four units.
    fn interleave(self, units: [&[i8]; 4]) -> Self::Weights;

    /// `sums` plus the products of each unit's weights and value. Exact if all weights are from -64 to 64.
    fn add_products(self, sums: Self::Sums, values: [u8; 4], weights: Self::Weights) -> Self::Sums;

    /// Writes the sums in the order of the outputs.
    fn write(self, sums: Self::Sums, outputs: &mut [i32]);

    /// Sets a bit for each unit whose `x + bias` exceeds `least`, the lowest bit for the first unit.
    fn above(self, x: &[f32; 64], bias: &[f32; 64], least: f32) -> u64;
}

/// For any CPU, in code that the compiler vectorizes.
#[derive(Clone, Copy)]
pub(crate) struct Portable;

impl DotProducts for Portable {
    const OUTPUTS: usize = 32;
    type Weights = [[i8; 32]; 4];
    type Sums = [i32; 32];

    #[inline(always)]
    fn zero(self) -> Self::Sums {
        [0; 32]
    }

    #[inline(always)]
    fn interleave(self, units: [&[i8]; 4]) -> Self::Weights {
        units.map(first)
    }

    #[inline(always)]
    fn add_products(self, mut sums: Self::Sums, values: [u8; 4], weights: Self::Weights) -> Self::Sums {
        for (value, weights) in values.into_iter().zip(weights) {
            for (sum, weight) in sums.iter_mut().zip(weights) {
                // neither can overflow, and a check would keep the compiler from vectorizing
                let product = i16::from(value).wrapping_mul(i16::from(weight));
                *sum = sum.wrapping_add(i32::from(product));
            }
        }
        sums
    }

    #[inline(always)]
    fn write(self, sums: Self::Sums, outputs: &mut [i32]) {
        outputs.copy_from_slice(&sums);
    }

    #[inline(always)]
    fn above(self, x: &[f32; 64], bias: &[f32; 64], least: f32) -> u64 {
        let bit = |(unit, (x, bias)): (usize, (&f32, &f32))| u64::from(x + bias > least) << unit;
        x.iter().zip(bias).enumerate().map(bit).fold(0, |bits, bit| bits | bit)
    }
}

/// The first `N` of `weights`, which are a block of outputs or more.
#[inline(always)]
pub(crate) fn first<const N: usize>(weights: &[i8]) -> [i8; N] {
    *weights.first_chunk().expect("a block of outputs is whole")
}
