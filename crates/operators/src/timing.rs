//! Prints how long kernels take; asserts nothing. Run by `make bench-operators`.

use std::{hint::black_box, time::Instant};

use pulp::{
    Arch, Simd, WithSimd,
    x86::{V3, V4},
};

use crate::{
    aligned_weight::AlignedWeight,
    attention::AttentionRows,
    bfloat16,
    packed_weight::PackedWeight,
    quantized_rows::{self, QuantizedRows},
    relu_rows::{ReluRows, tests::KERNELS},
};

#[test]
#[ignore = "prints timings"]
fn attention_beside_the_peak_of_the_cpu() {
    let (heads, units) = (12, 384);
    let (avx2, avx512) = (V3::try_new(), V4::try_new());
    let (Some(avx2), Some(avx512)) = (avx2, avx512) else { return println!("needs AVX-512") };
    let (narrow, wide) = (peak(avx2), peak(avx512));
    println!("peak of products and sums in float32, GFLOP/s: AVX2 {narrow:.0}, AVX-512 {wide:.0}");
    println!("attention of {units} units in {heads} heads, us a batch of 512 positions, GFLOP/s, share of that peak");
    let mut random = random();
    for length in [40, 85, 128, 170] {
        let windows = 512 / length;
        let packed: Vec<f32> = (0..windows * length * 3 * units).map(|_| random() * 3.0 - 1.5).collect();
        let biases: Vec<f32> = (0..3 * units).map(|_| random() - 0.5).collect();
        let (mask, mut output) = (vec![1; length], vec![0.0; windows * length * units]);
        let seconds = best(60, ["AVX2", "AVX-512", "bfloat16"], |registers| {
            let windows = packed.chunks(length * 3 * units).zip(output.chunks_mut(length * units));
            for (packed, output) in windows {
                let rows = AttentionRows { packed, mask: &mask, biases: &biases, heads, first: 0, output };
                match registers {
                    "AVX2" => Simd::vectorize(avx2, rows),
                    "AVX-512" => Simd::vectorize(avx512, rows),
                    _ => bfloat16::attend(rows, Arch::new()),
                }
            }
        });
        for ((seconds, peak), registers) in
            seconds.iter().zip([narrow, wide, wide]).zip(["AVX2", "AVX-512", "bfloat16"])
        {
            let rate = 4.0 * (windows * length * length * units) as f64 / seconds / 1e9;
            println!("{length:4} positions {registers:8} {:6.0} {rate:6.1} {:5.2}", seconds * 1e6, rate / peak);
        }
    }
}

/// The rate of independent products and sums in all registers, in GFLOP/s.
fn peak<S: Simd>(simd: S) -> f64 {
    struct Products;
    impl WithSimd for Products {
        type Output = f32;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            let (factor, addend) = (simd.splat_f32s(black_box(0.999)), simd.splat_f32s(black_box(0.001)));
            let mut sums = [addend; 12];
            for _ in 0..100_000 {
                for sum in &mut sums {
                    *sum = simd.mul_add_e_f32s(*sum, factor, addend);
                }
            }
            sums.into_iter().map(|sum| simd.reduce_sum_f32s(sum)).sum()
        }
    }
    let [seconds] = best(30, [()], |()| {
        black_box(Simd::vectorize(simd, Products));
    });
    (2 * 12 * 100_000 * S::F32_LANES) as f64 / seconds / 1e9
}

#[test]
#[ignore = "prints timings"]
fn relu_linear_by_share_of_active_units() {
    let (rows, units, outputs) = (512, 896, 384);
    let mut random = random();
    let weight: Vec<i8> = (0..units * outputs).map(|_| (random() * 127.0) as i8 - 63).collect();
    let aligned = AlignedWeight::of(&weight);
    let weight = aligned.as_deref().map_or(&weight[..], |weight| weight);
    let (bias, scale, mut output) = (vec![0.0; units], vec![0.01; outputs], vec![0.0; rows * outputs]);
    println!("ns a row of {units} units and {outputs} outputs, by the active units alone and by all");
    println!("active    AVX2 alone      all   widest alone      all");
    for percent in [0, 5, 10, 15, 20, 30, 40, 50, 60, 70, 100] {
        let mut unit = || if random() * 100.0 < percent as f32 { random() * 3.0 + 0.01 } else { -random() - 0.01 };
        let x: Vec<f32> = (0..rows * units).map(|_| unit()).collect();
        // as the operator shares its rows among threads
        let seconds = best(60, [(1, 1.0), (1, -1.0), (2, 1.0), (2, -1.0)], |(kernel, dense)| {
            for (x, output) in x.chunks(64 * units).zip(output.chunks_mut(64 * outputs)) {
                let (bias, scale) = (&bias, &scale);
                KERNELS[kernel].0(&mut ReluRows { x, bias, step: 0.013, weight, scale, dense, output });
            }
        });
        let [one, two, three, four] = seconds.map(|seconds| seconds * 1e9 / rows as f64);
        println!("{percent:4} % {one:12.0} {two:8.0} {three:14.0} {four:8.0}");
    }
}

#[test]
#[ignore = "prints timings"]
fn quantized_linear_beside_the_products_of_avx2() {
    println!("ns a row, and products a ns, of AVX2 over int8");
    for (inputs, outputs) in [(384, 1152), (384, 384), (384, 896)] {
        let mut random = random();
        // weights as a model has them: most are small
        let weight: Vec<i8> =
            (0..inputs * outputs).map(|_| ((random() + random() + random() - 1.5) * 42.0) as i8).collect();
        let weight = &PackedWeight::of(&weight, inputs);
        let singles: usize = weight.blocks.iter().map(|block| block.singles.len()).sum();
        let x: Vec<f32> = (0..512 * inputs).map(|_| random() * 3.0 - 1.5).collect();
        let (scale, mut output) = (vec![0.01; outputs], vec![0.0; 512 * outputs]);
        let [seconds] = best(60, [()], |()| {
            for (x, output) in x.chunks(64 * inputs).zip(output.chunks_mut(64 * outputs)) {
                quantized_rows::multiply(&mut QuantizedRows {
                    x,
                    step: 0.02,
                    zero: 120,
                    weight,
                    scale: &scale,
                    output,
                });
            }
        });
        let share = singles as f64 / (weight.blocks.len() * inputs / 4) as f64;
        let products = (512 * inputs * outputs) as f64 / seconds / 1e9;
        println!("{inputs} x {outputs} {:8.0} {products:6.1}, quads without another {share:.3}", seconds * 1e9 / 512.0);
    }
}

/// Seconds of the best of `rounds` runs with each of `cases`, which take turns.
fn best<T: Copy, const N: usize>(rounds: usize, cases: [T; N], mut run: impl FnMut(T)) -> [f64; N] {
    let mut best = [f64::MAX; N];
    for _ in 0..rounds {
        for (case, best) in cases.into_iter().zip(&mut best) {
            let start = Instant::now();
            run(case);
            *best = best.min(start.elapsed().as_secs_f64());
        }
    }
    best
}

/// Values from 0 to 1, the same in every run.
fn random() -> impl FnMut() -> f32 {
    let mut state = 1u64;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32
    }
}
