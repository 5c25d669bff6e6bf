//! [`Confidences`]: how confidences are distributed.

/// Bins, of .01 each; the last holds 1.0 too.
const BINS: usize = 100;

/// Counts confidences, 0 to 1.
#[derive(Debug)]
pub struct Confidences {
    bins: [u64; BINS],
    /// Entities that have none.
    pub missing: u64,
}

impl Default for Confidences {
    fn default() -> Self {
        Self { bins: [0; BINS], missing: 0 }
    }
}

impl Confidences {
    /// Counts one. What is no number counts as missing; what is beyond 0 to 1 is in the first or last bin.
    pub fn add(&mut self, confidence: Option<f32>) {
        match confidence.filter(|confidence| !confidence.is_nan()) {
            None => self.missing += 1,
            Some(confidence) => {
                // 0.29f32 * 100 is below 29
                let bin = (f64::from(confidence) * BINS as f64 + 1e-5) as usize;
                self.bins[bin.min(BINS - 1)] += 1;
            }
        }
    }

    /// Counts of `count` equal stretches of 0 to 1; `count` divides 100.
    pub fn stretches(&self, count: usize) -> Vec<u64> {
        self.bins.chunks(BINS / count).map(|bins| bins.iter().sum()).collect()
    }

    /// The confidence that `share` of the entities are below, to .01; `None` without any.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let all: u64 = self.bins.iter().sum();
        let mut below = 0;
        let at = self.bins.iter().position(|bin| {
            below += bin;
            below as f64 >= share * all as f64
        })?;
        (all > 0).then_some(at as f64 / BINS as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_in_their_stretches() {
        let mut found = Confidences::default();
        assert_eq!(found.quantile(0.5), None);
        for confidence in [0.0, 0.04, 0.29, 0.3, 0.95, 1.0, f32::NAN] {
            found.add(Some(confidence));
        }
        found.add(None);
        assert_eq!(found.stretches(10), [2, 0, 1, 1, 0, 0, 0, 0, 0, 2]);
        assert_eq!((found.missing, found.quantile(0.5)), (2, Some(0.29)));
    }
}
