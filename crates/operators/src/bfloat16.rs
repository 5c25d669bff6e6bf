//! [`attend`]: attention with products in bfloat16, of which a CPU with AVX512-BF16 computes twice as many at once.

use multiversion::{multiversion, target::match_target};
use pulp::Arch;
#[cfg(target_arch = "x86_64")]
use {
    pulp::{cast, x86::V4},
    std::arch::x86_64::{__m512, __m512bh, __m512i, _mm512_cvtne2ps_pbh, _mm512_dpbf16_ps, _mm512_permutexvar_epi16},
    x86::{BFloat16, Floats, ZIPPED},
};

use crate::attention::AttentionRows;

/// Computes `rows` with products in bfloat16 on a CPU that has AVX512-BF16, in float32 on any other.
#[multiversion(targets("x86_64+avx512bf16+avx512bw+avx512cd+avx512dq+avx512vl"))]
pub(crate) fn attend(rows: AttentionRows, arch: Arch) {
    match_target! {
        "x86_64+avx512bf16" => {
            let Some(simd) = V4::try_new() else { return arch.dispatch(rows) };
            let round = |first: Floats, second: Floats| -> __m512bh {
                _mm512_cvtne2ps_pbh(cast::<_, __m512>(second), cast::<_, __m512>(first))
            };
            // a closure may use the instructions of the function it is written in, so no call here needs `unsafe`
            let format = BFloat16 {
                neighbours: |first: Floats, second: Floats| -> Floats { cast(round(first, second)) },
                zip: |first: Floats, second: Floats| -> Floats {
                    cast(_mm512_permutexvar_epi16(cast::<_, __m512i>(ZIPPED), cast::<_, __m512i>(round(first, second))))
                },
                add_products: |one: Floats, other: Floats, sum: Floats| -> Floats {
                    cast(_mm512_dpbf16_ps(cast::<_, __m512>(sum), cast::<_, __m512bh>(one), cast::<_, __m512bh>(other)))
                },
            };
            rows.attend(simd, format);
        },
        _ => arch.dispatch(rows),
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use pulp::{Simd, x86::V4};

    use crate::lane_format::LaneFormat;

    pub(super) type Floats = <V4 as Simd>::f32s;

    /// Interleaves 16 first and 16 second values: lane `i` gets values `i` and `16 + i`.
    pub(super) const ZIPPED: [u16; 32] = {
        let mut zipped = [0; 32];
        let mut lane = 0;
        while lane < 16 {
            zipped[2 * lane as usize] = lane;
            zipped[2 * lane as usize + 1] = lane + 16;
            lane += 1;
        }
        zipped
    };

    /// Two bfloat16 a lane, rounded and multiplied by the instructions that the fields call.
    #[derive(Clone, Copy)]
    pub(super) struct BFloat16<N, Z, A> {
        pub(super) neighbours: N,
        pub(super) zip: Z,
        pub(super) add_products: A,
    }

    impl<N, Z, A> LaneFormat<V4> for BFloat16<N, Z, A>
    where
        N: Fn(Floats, Floats) -> Floats + Copy,
        Z: Fn(Floats, Floats) -> Floats + Copy,
        A: Fn(Floats, Floats, Floats) -> Floats + Copy,
    {
        const PER_LANE: usize = 2;

        #[inline(always)]
        fn pack(self, _: V4, vectors: &[Floats], packed: &mut [Floats]) {
            for (packed, [first, second]) in packed.iter_mut().zip(vectors.as_chunks::<2>().0) {
                *packed = (self.neighbours)(*first, *second);
            }
        }

        #[inline(always)]
        fn pack_in_place(self, _: V4, vectors: &mut [Floats]) {
            for at in 0..vectors.len() / 2 {
                vectors[at] = (self.neighbours)(vectors[2 * at], vectors[2 * at + 1]);
            }
        }

        #[inline(always)]
        fn zip(self, _: V4, first: Floats, second: Floats) -> Floats {
            (self.zip)(first, second)
        }

        #[inline(always)]
        fn add_products(self, _: V4, one: Floats, other: Floats, sum: Floats) -> Floats {
            (self.add_products)(one, other, sum)
        }
    }
}
