//! Prints how long kernels take; asserts nothing. Run by `make bench-operators`.

use std::time::Instant;

use crate::{
    aligned_weight::AlignedWeight,
    relu_rows::{ReluRows, tests::KERNELS},
};

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
