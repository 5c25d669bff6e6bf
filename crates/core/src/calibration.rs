//! [`Calibration`]: from the probability of a mention to a confidence that agrees with precision.

/// A logistic curve: `confidence = sigmoid(slope * logit(probability) + intercept)`, after Platt (1999).
///
/// It keeps the order of the mentions of a type, and the mentions themselves. The default changes nothing.
///
/// ```
/// # use spanframe_core::Calibration;
/// let calibration = Calibration { slope: 0.5, intercept: -0.2 };
/// assert!((calibration.confidence(0.99) - 0.8907).abs() < 1e-4);
/// assert_eq!(Calibration::default().confidence(0.99), 0.99);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// Below 1 for a model that is too sure of itself; greater than 0.
    pub slope: f32,
    /// Negative for a model whose mentions are right less often than it says.
    pub intercept: f32,
}

impl Default for Calibration {
    fn default() -> Self {
        Self { slope: 1.0, intercept: 0.0 }
    }
}

impl Calibration {
    /// The confidence of a mention with this probability, from 0 to 1.
    #[must_use]
    pub fn confidence(self, probability: f32) -> f32 {
        if self == Self::default() {
            return probability;
        }
        // a probability of 1 has no finite logit
        let p = f64::from(probability).clamp(1e-9, 1.0 - 1e-9);
        let logit = (p / (1.0 - p)).ln();
        (1.0 / (1.0 + (-(f64::from(self.slope) * logit + f64::from(self.intercept))).exp())) as f32
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn confidence_keeps_the_order_and_stays_between_0_and_1(
            slope in 0.01f32..10.0, intercept in -10.0f32..10.0, low in 0.0f32..=1.0, high in 0.0f32..=1.0,
        ) {
            let calibration = Calibration { slope, intercept };
            let (low, high) = (calibration.confidence(low.min(high)), calibration.confidence(low.max(high)));
            prop_assert!(0.0 <= low && low <= high && high <= 1.0);
        }
    }
}
