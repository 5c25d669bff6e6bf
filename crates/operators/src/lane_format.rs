//! [`LaneFormat`]: how many values a lane of a vector holds when products are summed.

use pulp::Simd;

/// The values in a vector's lanes: one float32 a lane, or `PER_LANE` neighbouring values of lower precision.
pub(crate) trait LaneFormat<S: Simd>: Copy {
    const PER_LANE: usize;

    /// Packs the values of `vectors` into `packed`, which has `1 / PER_LANE` as many vectors.
    fn pack(self, simd: S, vectors: &[S::f32s], packed: &mut [S::f32s]);

    /// Packs the values of `vectors` into the first `1 / PER_LANE` of these vectors.
    fn pack_in_place(self, simd: S, vectors: &mut [S::f32s]);

    /// A vector whose lane `i` holds `first[i]` and, if there is room, `second[i]`.
    fn zip(self, simd: S, first: S::f32s, second: S::f32s) -> S::f32s;

    /// `sum` plus, in each lane, the products of the values that `one` and `other` hold there.
    fn add_products(self, simd: S, one: S::f32s, other: S::f32s, sum: S::f32s) -> S::f32s;
}

/// One float32 a lane.
#[derive(Clone, Copy)]
pub(crate) struct Float32;

impl<S: Simd> LaneFormat<S> for Float32 {
    const PER_LANE: usize = 1;

    #[inline(always)]
    fn pack(self, _: S, vectors: &[S::f32s], packed: &mut [S::f32s]) {
        for (packed, vector) in packed.iter_mut().zip(vectors) {
            *packed = *vector;
        }
    }

    #[inline(always)]
    fn pack_in_place(self, _: S, _: &mut [S::f32s]) {}

    #[inline(always)]
    fn zip(self, _: S, first: S::f32s, _: S::f32s) -> S::f32s {
        first
    }

    #[inline(always)]
    fn add_products(self, simd: S, one: S::f32s, other: S::f32s, sum: S::f32s) -> S::f32s {
        simd.mul_add_e_f32s(one, other, sum)
    }
}
