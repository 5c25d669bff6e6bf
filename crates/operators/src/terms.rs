//! [`Terms`]: numbers as vectors hold them for sums of products, one or several in a lane.

use pulp::Simd;

/// What scores and mixtures are sums of products of: `COUNT` neighbouring numbers in each lane of a vector.
pub(crate) trait Terms<S: Simd>: Copy {
    const COUNT: usize;

    /// Packs the numbers of vectors into the first `1 / COUNT` of these vectors.
    fn pack(self, simd: S, numbers: &mut [S::f32s]);

    /// The vector whose lanes have a number of `first` and, if there is room, of `second`.
    fn zip(self, simd: S, first: S::f32s, second: S::f32s) -> S::f32s;

    /// `sum` with the products of the terms in each lane added.
    fn add_products(self, simd: S, one: S::f32s, other: S::f32s, sum: S::f32s) -> S::f32s;
}

/// The numbers as they are, one in a lane.
#[derive(Clone, Copy)]
pub(crate) struct Single;

impl<S: Simd> Terms<S> for Single {
    const COUNT: usize = 1;

    #[inline(always)]
    fn pack(self, _: S, _: &mut [S::f32s]) {}

    #[inline(always)]
    fn zip(self, _: S, first: S::f32s, _: S::f32s) -> S::f32s {
        first
    }

    #[inline(always)]
    fn add_products(self, simd: S, one: S::f32s, other: S::f32s, sum: S::f32s) -> S::f32s {
        simd.mul_add_e_f32s(one, other, sum)
    }
}
