//! [`Confidences`]: the distribution of the confidences of a type.

/// Bins of width 0.01. The last one includes 1.0.
const BINS: usize = 100;

/// Histogram of confidences from 0 to 1.
#[derive(Debug)]
pub struct Confidences {
    bins: [u64; BINS],
    /// Entities without a confidence.
    pub missing: u64,
}

impl Default for Confidences {
    fn default() -> Self {
        Self { bins: [0; BINS], missing: 0 }
    }
}

impl Confidences {
    /// Counts one entity. NaN counts as missing; values outside 0 to 1 fall into the first or last bin.
    pub fn add(&mut self, confidence: Option<f32>) {
        match confidence.filter(|confidence| !confidence.is_nan()) {
            None => self.missing += 1,
            Some(confidence) => {
                // 0.29f32 * 100 is 28.999998: without the margin it would fall into bin 28
                let bin = (f64::from(confidence) * BINS as f64 + 1e-5) as usize;
                self.bins[bin.min(BINS - 1)] += 1;
            }
        }
    }

    /// Returns the histogram in `count` bars of equal width; `count` divides 100.
    pub fn bars(&self, count: usize) -> Vec<u64> {
        self.bins.chunks(BINS / count).map(|bins| bins.iter().sum()).collect()
    }

    /// Returns the quantile `share` (0.5 is the median), to 0.01; `None` if no entity has a confidence.
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
        assert_eq!(found.bars(10), [2, 0, 1, 1, 0, 0, 0, 0, 0, 2]);
        assert_eq!((found.missing, found.quantile(0.5)), (2, Some(0.29)));
    }
}
