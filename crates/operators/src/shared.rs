//! [`shared`]: what all kernels of the process with the same weights hold together.

use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The one of `all` that `is_same`, or what `make` makes, which joins them until no kernel holds it.
pub(crate) fn shared<T>(all: &Mutex<Vec<Weak<T>>>, is_same: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> Arc<T> {
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|one| one.strong_count() > 0);
    let present = all.iter().filter_map(Weak::upgrade).find(|one| is_same(one));
    present.unwrap_or_else(|| {
        let made = Arc::new(make());
        all.push(Arc::downgrade(&made));
        made
    })
}
