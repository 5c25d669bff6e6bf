//! [`exponential`] of vectors.

use pulp::Simd;

/// e to the power of numbers that are not over 0, to some 1e-7 of it; of what is not a number, not a number.
///
/// 2^k e^r with the polynomial of Cephes' expf for e^r, |r| <= ln 2 / 2.
#[inline(always)]
pub(crate) fn exponential<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let number = |value: f32| simd.splat_f32s(value);
    // adding it rounds to a whole number, which is in the lowest bits then
    let rounder = number(12_582_912.0);
    // a maximum would lose what is not a number on some processors
    let lowest = number(-87.0);
    let x = simd.select_f32s(simd.less_than_f32s(x, lowest), lowest, x);
    let rounded = simd.mul_add_e_f32s(x, number(std::f32::consts::LOG2_E), rounder);
    let k = simd.sub_f32s(rounded, rounder);
    let r = simd.mul_add_e_f32s(k, number(-0.693_359_4), x);
    let r = simd.mul_add_e_f32s(k, number(2.121_944_4e-4), r);
    let factors = [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_66, 0.5];
    let polynomial = factors.iter().fold(number(1.987_569_1e-4), |sum, &f| simd.mul_add_e_f32s(sum, r, number(f)));
    let power = simd.add_f32s(simd.mul_add_e_f32s(polynomial, simd.mul_f32s(r, r), r), number(1.0));
    let exponent = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(rounded), simd.splat_u32s(23));
    simd.transmute_f32s_u32s(simd.add_u32s(simd.transmute_u32s_f32s(power), exponent))
}
