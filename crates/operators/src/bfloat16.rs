//! [`attend`]: attention whose products are of numbers rounded to bfloat16, where the processor multiplies twice as many of
//! them at once.

use multiversion::{multiversion, target::match_target};
use pulp::Arch;
#[cfg(target_arch = "x86_64")]
use {
    pulp::{cast, x86::V4},
    std::arch::x86_64::{__m512, __m512bh, __m512i, _mm512_cvtne2ps_pbh, _mm512_dpbf16_ps, _mm512_permutexvar_epi16},
    x86::{Floats, Rounded, ZIPPED},
};

use crate::attend::Part;

/// Attends to what is rounded to bfloat16 on a processor that multiplies it (AVX512-BF16), on others to what is there.
#[multiversion(targets("x86_64+avx512bf16+avx512bw+avx512cd+avx512dq+avx512vl"))]
pub(crate) fn attend(part: Part, arch: Arch) {
    match_target! {
        "x86_64+avx512bf16" => {
            let Some(simd) = V4::try_new() else { return arch.dispatch(part) };
            let round = |first: Floats, second: Floats| -> __m512bh {
                _mm512_cvtne2ps_pbh(cast::<_, __m512>(second), cast::<_, __m512>(first))
            };
            // closures have the instructions of the function that they are in
            let rounded = Rounded {
                neighbours: |first: Floats, second: Floats| -> Floats { cast(round(first, second)) },
                zip: |first: Floats, second: Floats| -> Floats {
                    cast(_mm512_permutexvar_epi16(cast::<_, __m512i>(ZIPPED), cast::<_, __m512i>(round(first, second))))
                },
                add_products: |one: Floats, other: Floats, sum: Floats| -> Floats {
                    cast(_mm512_dpbf16_ps(cast::<_, __m512>(sum), cast::<_, __m512bh>(one), cast::<_, __m512bh>(other)))
                },
            };
            part.attend(simd, rounded);
        },
        _ => arch.dispatch(part),
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use pulp::{Simd, x86::V4};

    use crate::terms::Terms;

    pub(super) type Floats = <V4 as Simd>::f32s;

    /// Where the numbers of 16 lanes of two are in 16 first and then 16 second ones.
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

    /// Two neighbouring numbers in each lane, rounded to bfloat16, by instructions that the processor has.
    #[derive(Clone, Copy)]
    pub(super) struct Rounded<N, Z, A> {
        pub(super) neighbours: N,
        pub(super) zip: Z,
        pub(super) add_products: A,
    }

    impl<N, Z, A> Terms<V4> for Rounded<N, Z, A>
    where
        N: Fn(Floats, Floats) -> Floats + Copy,
        Z: Fn(Floats, Floats) -> Floats + Copy,
        A: Fn(Floats, Floats, Floats) -> Floats + Copy,
    {
        const COUNT: usize = 2;

        #[inline(always)]
        fn pack(self, _: V4, numbers: &mut [Floats]) {
            for at in 0..numbers.len() / 2 {
                numbers[at] = (self.neighbours)(numbers[2 * at], numbers[2 * at + 1]);
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
