//! [`Named`]: an enum whose variants users write by name.

use strum::VariantArray;

/// An enum whose variants users write by name. Every `Copy` enum that derives `VariantArray` and `IntoStaticStr` has
/// it.
///
/// ```
/// use spanframe_core::{AggregationStrategy, Named};
///
/// assert_eq!(AggregationStrategy::Max.name(), "max");
/// assert_eq!(AggregationStrategy::named().next(), Some(("none", AggregationStrategy::None)));
/// ```
pub trait Named: VariantArray + Into<&'static str> + Copy {
    /// The name that users write.
    fn name(self) -> &'static str {
        self.into()
    }

    /// All variants with their names, in the order of their declaration.
    fn named() -> impl Iterator<Item = (&'static str, Self)> {
        Self::VARIANTS.iter().map(|variant| (variant.name(), *variant))
    }
}

impl<T: VariantArray + Into<&'static str> + Copy> Named for T {}
