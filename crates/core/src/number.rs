//! Non-negative numbers to multiply and add up: in `f64`, or as logarithms where `f64` would underflow.

/// A non-negative number.
pub(crate) trait Number: Copy {
    /// The number `value`.
    fn of(value: f32) -> Self;
    /// The number with this natural logarithm.
    fn exp(logarithm: f32) -> Self;
    fn times(self, other: Self) -> Self;
    fn over(self, other: Self) -> Self;
    fn sum(numbers: impl Iterator<Item = Self> + Clone) -> Self;
    fn value(self) -> f64;
    /// True if the number is far from the limits of its type, or zero.
    fn is_sound(self) -> bool;
}

/// The number itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Plain(f64);

/// Its logarithm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Logarithm(f64);

impl Number for Plain {
    fn of(value: f32) -> Self {
        Self(f64::from(value))
    }

    fn exp(logarithm: f32) -> Self {
        Self(f64::from(logarithm).exp())
    }

    fn times(self, other: Self) -> Self {
        Self(self.0 * other.0)
    }

    fn over(self, other: Self) -> Self {
        Self(self.0 / other.0)
    }

    fn sum(numbers: impl Iterator<Item = Self> + Clone) -> Self {
        Self(numbers.map(|number| number.0).sum())
    }

    fn value(self) -> f64 {
        self.0
    }

    fn is_sound(self) -> bool {
        self.0 == 0.0 || (1e-240..1e260).contains(&self.0)
    }
}

impl Number for Logarithm {
    fn of(value: f32) -> Self {
        Self(f64::from(value).ln())
    }

    fn exp(logarithm: f32) -> Self {
        Self(f64::from(logarithm))
    }

    fn times(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    fn over(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }

    fn sum(numbers: impl Iterator<Item = Self> + Clone) -> Self {
        // ln sum exp(x) = top + ln sum exp(x - top), so that no exponential overflows
        let top = numbers.clone().map(|number| number.0).fold(f64::NEG_INFINITY, f64::max);
        if top == f64::NEG_INFINITY {
            return Self(top);
        }
        Self(top + numbers.map(|number| (number.0 - top).exp()).sum::<f64>().ln())
    }

    fn value(self) -> f64 {
        self.0.exp()
    }

    fn is_sound(self) -> bool {
        !self.0.is_nan()
    }
}
