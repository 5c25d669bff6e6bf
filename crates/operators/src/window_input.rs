//! [`WindowInput`]: queries, keys and values of a window, and how they are packed for [`Head`](crate::head::Head).
//!
//! ```text
//! input    [position 0: Q of all heads, K of all heads, V of all heads][position 1]...
//! queries  head 0 [position 0][position 1]...                head 1 ...
//! keys     head 0 [unit 0 of L positions][unit 1]...         head 1 ...
//! values   head 0 [2 vectors of position 0][position 1]...   head 1 ...
//! ```
//!
//! All heads are packed in one pass through the input. Head by head, what belongs together lies so far apart that the
//! CPU waits for each cache line.

use pulp::Simd;

use crate::lane_format::LaneFormat;

/// Positions that are packed at once.
const POSITIONS: usize = 4;

/// Queries, keys and values of a window, `[length, 3, units]`.
#[derive(Clone, Copy)]
pub(crate) struct WindowInput<'a> {
    pub(crate) packed: &'a [f32],
    pub(crate) units: usize,
    /// Units of a head.
    pub(crate) size: usize,
    /// Positions that are used: all up to the last visible one.
    pub(crate) seen: usize,
    /// Positions with a query: from `first` to before `end`, at most `seen`.
    pub(crate) first: usize,
    pub(crate) end: usize,
    /// Of the queries, `[units]`.
    pub(crate) bias: &'a [f32],
    /// `[units]`, all 0: keys and values behind the used positions.
    pub(crate) nothing: &'a [f32],
}

/// A window's queries, keys and values, head by head.
pub(crate) struct PackedWindow<'a> {
    /// What is behind the last query of a head is left as it is.
    pub(crate) queries: &'a mut [f32],
    pub(crate) keys: &'a mut [f32],
    pub(crate) values: &'a mut [f32],
}

impl<'a> WindowInput<'a> {
    /// Packs all positions up to the padding that the lengths of `packed` have.
    #[inline(always)]
    pub(crate) fn pack<S: Simd, F: LaneFormat<S>>(self, simd: S, format: F, packed: &mut PackedWindow) {
        let padded = packed.keys.len() / self.units * F::PER_LANE;
        let mut rows = vec![0.0; POSITIONS * self.units];
        for position in (0..padded).step_by(POSITIONS) {
            self.pack_queries(simd, format, position, (&mut rows, packed.queries));
            self.pack_keys(simd, format, position, (&mut rows, packed.keys));
            self.pack_values(simd, format, position, packed.values);
        }
    }

    /// Queries, keys or values of a position, as `part` is 0, 1 or 2.
    #[inline(always)]
    fn part(self, position: usize, part: usize) -> &'a [f32] {
        if position < self.seen {
            &self.packed[(position * 3 + part) * self.units..][..self.units]
        } else {
            self.nothing
        }
    }

    /// Writes the queries of `POSITIONS` positions from `position` on, with their bias.
    #[inline(always)]
    fn pack_queries<S: Simd, F: LaneFormat<S>>(
        self, simd: S, format: F, position: usize, (row, queries): (&mut [f32], &mut [f32]),
    ) {
        let (bias, row) = (S::as_simd_f32s(self.bias).0, S::as_mut_simd_f32s(&mut row[..self.units]).0);
        let lanes = self.size / F::PER_LANE;
        let of_head = queries.len() / self.units * self.size;
        for position in position.max(self.first)..self.end.min(position + POSITIONS) {
            for ((sum, query), bias) in row.iter_mut().zip(S::as_simd_f32s(self.part(position, 0)).0).zip(bias) {
                *sum = simd.add_f32s(*query, *bias);
            }
            let at = (position - self.first) * lanes;
            for (row, queries) in row.chunks_exact(self.size / S::F32_LANES).zip(queries.chunks_exact_mut(of_head)) {
                format.pack(simd, row, S::as_mut_simd_f32s(&mut queries[at..][..lanes]).0);
            }
        }
    }

    /// Writes the keys of `POSITIONS` positions from `position` on.
    ///
    /// Their bias is left out: q·(k + b) = q·k + q·b, and q·b is the same for every position of a query, so that the
    /// softmax cancels it.
    #[inline(always)]
    fn pack_keys<S: Simd, F: LaneFormat<S>>(
        self, simd: S, format: F, position: usize, (rows, keys): (&mut [f32], &mut [f32]),
    ) {
        let (units, lanes) = (self.units / F::PER_LANE, self.size / F::PER_LANE);
        for (i, row) in rows.chunks_exact_mut(units).take(POSITIONS).enumerate() {
            let key = S::as_simd_f32s(self.part(position + i, 1)).0;
            format.pack(simd, key, S::as_mut_simd_f32s(row).0);
        }
        let (a, rest) = rows.split_at(units);
        let (b, rest) = rest.split_at(units);
        let (c, d) = rest.split_at(units);
        let of_head = keys.len() / self.units * self.size;
        for (head, keys) in keys.chunks_exact_mut(of_head).enumerate() {
            let (a, b) = (&a[head * lanes..][..lanes], &b[head * lanes..][..lanes]);
            let (c, d) = (&c[head * lanes..][..lanes], &d[head * lanes..][..lanes]);
            let positions = a.iter().zip(b).zip(c.iter().zip(d)).map(|((a, b), (c, d))| [*a, *b, *c, *d]);
            if S::F32_LANES >= POSITIONS {
                let block = position / S::F32_LANES * lanes * S::F32_LANES + position % S::F32_LANES;
                for (keys, positions) in keys[block..].chunks_mut(S::F32_LANES).zip(positions) {
                    keys[..POSITIONS].copy_from_slice(&positions);
                }
            } else {
                for (unit, positions) in positions.enumerate() {
                    for (i, key) in (position..).zip(positions) {
                        keys[i / S::F32_LANES * lanes * S::F32_LANES + unit * S::F32_LANES + i % S::F32_LANES] = key;
                    }
                }
            }
        }
    }

    /// Writes the values of `POSITIONS` positions from `position` on.
    #[inline(always)]
    fn pack_values<S: Simd, F: LaneFormat<S>>(self, simd: S, format: F, position: usize, values: &mut [f32]) {
        let groups = values.len() / self.units;
        let values = S::as_mut_simd_f32s(values).0.as_chunks_mut::<2>().0;
        for group in position / F::PER_LANE..groups.min((position + POSITIONS) / F::PER_LANE) {
            let position = group * F::PER_LANE;
            let one = S::as_simd_f32s(self.part(position, 2)).0.as_chunks::<2>().0;
            let other = S::as_simd_f32s(self.part(position + F::PER_LANE - 1, 2)).0.as_chunks::<2>().0;
            let pairs = values[group..].iter_mut().step_by(groups).zip(one).zip(other);
            for ((values, [first, second]), [next, last]) in pairs {
                *values = [format.zip(simd, *first, *next), format.zip(simd, *second, *last)];
            }
        }
    }
}
