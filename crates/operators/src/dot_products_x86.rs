//! [`DotProducts`] in the registers of x86-64: AVX-512 with VNNI, and AVX2.
//!
//! Macros write both into the calling function: a closure may use the instructions of the function it is written in, so
//! no call here needs `unsafe`.

use crate::dot_products::{DotProducts, first};

/// Closures over registers of `LANES` lanes.
#[derive(Clone, Copy)]
pub(crate) struct Registers<const LANES: usize, I, A, G> {
    pub(crate) interleave: I,
    pub(crate) add_products: A,
    pub(crate) greater: G,
}

macro_rules! registers {
    ($lanes:literal, $bytes:literal) => {
        impl<I, A, G> DotProducts for Registers<$lanes, I, A, G>
        where
            I: Fn([[i8; $bytes]; 4]) -> [[i32; $lanes]; 4] + Copy,
            A: Fn([i32; $lanes], [u8; 4], [i32; $lanes]) -> [i32; $lanes] + Copy,
            G: Fn([f32; $lanes], [f32; $lanes], f32) -> u64 + Copy,
        {
            const OUTPUTS: usize = $bytes;
            type Weights = [[i32; $lanes]; 4];
            type Sums = [[i32; $lanes]; 4];

            #[inline(always)]
            fn zero(self) -> Self::Sums {
                [[0; $lanes]; 4]
            }

            #[inline(always)]
            fn interleave(self, units: [&[i8]; 4]) -> Self::Weights {
                (self.interleave)(units.map(first))
            }

            #[inline(always)]
            fn add_products(self, mut sums: Self::Sums, values: [u8; 4], weights: Self::Weights) -> Self::Sums {
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    *sum = (self.add_products)(*sum, values, weights);
                }
                sums
            }

            #[inline(always)]
            fn write(self, sums: Self::Sums, outputs: &mut [i32]) {
                // `unpack` works within 16 bytes: vector `v` holds every fourth group of four outputs, from group `v` on
                for (vector, sums) in sums.iter().enumerate() {
                    for (part, sums) in sums.as_chunks::<4>().0.iter().enumerate() {
                        outputs[16 * part + 4 * vector..][..4].copy_from_slice(sums);
                    }
                }
            }

            #[inline(always)]
            fn above(self, x: &[f32; 64], bias: &[f32; 64], least: f32) -> u64 {
                let vectors = x.as_chunks::<$lanes>().0.iter().zip(bias.as_chunks::<$lanes>().0);
                let bits = |(at, (x, bias)): (usize, (&_, &_))| (self.greater)(*x, *bias, least) << ($lanes * at);
                vectors.enumerate().map(bits).fold(0, |all, bits| all | bits)
            }
        }
    };
}

registers!(16, 64);
registers!(8, 32);

/// [`DotProducts`] of AVX-512 with VNNI, in a function compiled for them.
macro_rules! avx512 {
    () => {{
        use std::arch::x86_64::*;

        use pulp::cast;
        $crate::dot_products_x86::Registers::<16, _, _, _> {
            interleave: |units: [[i8; 64]; 4]| {
                let [a, b, c, d] = units.map(cast::<_, __m512i>);
                let (ab, ab_high) = (_mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b));
                let (cd, cd_high) = (_mm512_unpacklo_epi8(c, d), _mm512_unpackhi_epi8(c, d));
                let low = [_mm512_unpacklo_epi16(ab, cd), _mm512_unpackhi_epi16(ab, cd)];
                let high = [_mm512_unpacklo_epi16(ab_high, cd_high), _mm512_unpackhi_epi16(ab_high, cd_high)];
                [low[0], low[1], high[0], high[1]].map(|vector| cast::<_, [i32; 16]>(vector))
            },
            add_products: |sum: [i32; 16], values: [u8; 4], weights: [i32; 16]| -> [i32; 16] {
                let values = _mm512_set1_epi32(i32::from_le_bytes(values));
                cast(_mm512_dpbusd_epi32(cast(sum), values, cast(weights)))
            },
            greater: |x: [f32; 16], bias: [f32; 16], least: f32| {
                let sums = _mm512_add_ps(cast(x), cast(bias));
                u64::from(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(sums, _mm512_set1_ps(least)))
            },
        }
    }};
}

/// [`DotProducts`] of AVX2, in a function compiled for it.
macro_rules! avx2 {
    () => {{
        use std::arch::x86_64::*;

        use pulp::cast;
        $crate::dot_products_x86::Registers::<8, _, _, _> {
            interleave: |units: [[i8; 32]; 4]| {
                let [a, b, c, d] = units.map(cast::<_, __m256i>);
                let (ab, ab_high) = (_mm256_unpacklo_epi8(a, b), _mm256_unpackhi_epi8(a, b));
                let (cd, cd_high) = (_mm256_unpacklo_epi8(c, d), _mm256_unpackhi_epi8(c, d));
                let low = [_mm256_unpacklo_epi16(ab, cd), _mm256_unpackhi_epi16(ab, cd)];
                let high = [_mm256_unpacklo_epi16(ab_high, cd_high), _mm256_unpackhi_epi16(ab_high, cd_high)];
                [low[0], low[1], high[0], high[1]].map(|vector| cast::<_, [i32; 8]>(vector))
            },
            add_products: |sum: [i32; 8], values: [u8; 4], weights: [i32; 8]| -> [i32; 8] {
                let values = _mm256_set1_epi32(i32::from_le_bytes(values));
                // two products in 16 bits, which saturate beyond weights of ±64, then four in 32
                let pairs = _mm256_maddubs_epi16(values, cast(weights));
                cast(_mm256_add_epi32(cast(sum), _mm256_madd_epi16(pairs, _mm256_set1_epi16(1))))
            },
            greater: |x: [f32; 8], bias: [f32; 8], least: f32| {
                let sums = _mm256_add_ps(cast(x), cast(bias));
                _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_GT_OQ>(sums, _mm256_set1_ps(least))) as u64
            },
        }
    }};
}

pub(crate) use {avx2, avx512};
