//! [`exponential`] of vectors.

use pulp::Simd;

/// e^x for x <= 0, with a relative error of about 1e-7. NaN stays NaN.
///
/// x = k ln 2 + r with |r| <= ln 2 / 2, so e^x = 2^k e^r. The polynomial for e^r is that of Cephes' `expf`.
#[inline(always)]
pub(crate) fn exponential<S: Simd>(simd: S, x: S::f32s) -> S::f32s {
    let splat = |value: f32| simd.splat_f32s(value);
    // 1.5 * 2^23: a sum with it is rounded to an integer, which the lowest bits of the sum then hold
    let rounder = splat(12_582_912.0);
    // a comparison, because on some CPUs the maximum of NaN and a number is the number
    let lowest = splat(-87.0);
    let x = simd.select_f32s(simd.less_than_f32s(x, lowest), lowest, x);
    let rounded = simd.mul_add_e_f32s(x, splat(std::f32::consts::LOG2_E), rounder);
    let k = simd.sub_f32s(rounded, rounder);
    // ln 2 in two parts, the first of which has few bits, so that k times it is exact
    let r = simd.mul_add_e_f32s(k, splat(-0.693_359_4), x);
    let r = simd.mul_add_e_f32s(k, splat(2.121_944_4e-4), r);
    let factors = [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_66, 0.5];
    let polynomial = factors.iter().fold(splat(1.987_569_1e-4), |sum, &f| simd.mul_add_e_f32s(sum, r, splat(f)));
    let power = simd.add_f32s(simd.mul_add_e_f32s(polynomial, simd.mul_f32s(r, r), r), splat(1.0));
    // adding k to the bits of the exponent multiplies by 2^k
    let exponent = simd.wrapping_dyn_shl_u32s(simd.transmute_u32s_f32s(rounded), simd.splat_u32s(23));
    simd.transmute_f32s_u32s(simd.add_u32s(simd.transmute_u32s_f32s(power), exponent))
}
