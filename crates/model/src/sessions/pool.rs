//! [`Pool`]: things that take long to create. A caller borrows one that is idle.

use std::{
    ops::{Deref, DerefMut},
    panic::resume_unwind,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

/// Up to `size` things, created when all before them are in use.
pub(super) struct Pool<T, C> {
    create: C,
    size: usize,
    /// How many may be created at the same time.
    at_once: usize,
    state: Mutex<State<T>>,
    /// One became idle, or a creation ended.
    changed: Condvar,
}

struct State<T> {
    idle: Vec<T>,
    /// Those that exist or are being created.
    made: usize,
    in_creation: usize,
}

impl<T: Send, E: Send, C: Fn() -> Result<T, E> + Sync> Pool<T, C> {
    /// A pool with `first` things, created in parallel.
    ///
    /// # Errors
    /// The error of `create`.
    pub(super) fn new(create: C, size: usize, at_once: usize, first: usize) -> Result<Self, E> {
        let state = Mutex::new(State { idle: Vec::new(), made: 0, in_creation: 0 });
        let pool = Self { create, size, at_once, state, changed: Condvar::new() };
        thread::scope(|scope| {
            let others: Vec<_> = (1..first).map(|_| scope.spawn(|| pool.borrow())).collect();
            let own = pool.borrow();
            let others = others.into_iter().map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            [own].into_iter().chain(others).collect::<Result<Vec<_>, _>>().map(drop)
        })?;
        Ok(pool)
    }

    /// An idle one, else a new one, else the next to become idle.
    ///
    /// # Errors
    /// The error of `create`.
    pub(super) fn borrow(&self) -> Result<Borrowed<'_, T, C>, E> {
        let mut state = self.state();
        loop {
            if let Some(idle) = state.idle.pop() {
                return Ok(Borrowed { pool: self, thing: Some(idle) });
            }
            if state.made < self.size && state.in_creation < self.at_once {
                break;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        (state.made, state.in_creation) = (state.made + 1, state.in_creation + 1);
        drop(state);
        let created = (self.create)();
        let mut state = self.state();
        state.in_creation -= 1;
        if created.is_err() {
            state.made -= 1;
        }
        self.changed.notify_all();
        Ok(Borrowed { pool: self, thing: Some(created?) })
    }
}

impl<T, C> Pool<T, C> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns to its pool when it is dropped.
pub(super) struct Borrowed<'a, T, C> {
    pool: &'a Pool<T, C>,
    /// `None` only while it is dropped.
    thing: Option<T>,
}

impl<T, C> Deref for Borrowed<'_, T, C> {
    type Target = T;

    fn deref(&self) -> &T {
        self.thing.as_ref().expect("it is there until it is dropped")
    }
}

impl<T, C> DerefMut for Borrowed<'_, T, C> {
    fn deref_mut(&mut self) -> &mut T {
        self.thing.as_mut().expect("it is there until it is dropped")
    }
}

impl<T, C> Drop for Borrowed<'_, T, C> {
    fn drop(&mut self) {
        self.pool.state().idle.extend(self.thing.take());
        self.pool.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use super::*;

    #[test]
    fn one_is_created_when_all_others_are_in_use() {
        let created = AtomicUsize::new(0);
        let create = || Ok::<_, ()>(created.fetch_add(1, SeqCst));
        let pool = Pool::new(create, 2, 1, 1).unwrap();
        for _ in 0..3 {
            assert_eq!(*pool.borrow().unwrap(), 0);
        }
        let (one, other) = (pool.borrow().unwrap(), pool.borrow().unwrap());
        assert_eq!((*one, *other, created.load(SeqCst)), (0, 1, 2));
        // a third waits for one of them
        thread::scope(|scope| {
            let third = scope.spawn(|| *pool.borrow().unwrap());
            drop(other);
            assert_eq!(third.join().unwrap(), 1);
        });
        assert_eq!(created.load(SeqCst), 2);
    }

    #[test]
    fn no_more_are_created_at_the_same_time_than_allowed() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let create = || {
            most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
            thread::sleep(std::time::Duration::from_millis(2));
            now.fetch_sub(1, SeqCst);
            Ok::<_, ()>(())
        };
        let pool = Pool::new(create, 8, 2, 8).unwrap();
        assert_eq!(pool.state().idle.len(), 8);
        assert!(most.load(SeqCst) <= 2);
    }

    #[test]
    fn a_failure_leaves_room_for_another_try() {
        let tries = AtomicUsize::new(0);
        let create = || if tries.fetch_add(1, SeqCst) == 1 { Err("no memory") } else { Ok(()) };
        let pool = Pool::new(create, 2, 1, 1).unwrap();
        let _one = pool.borrow().unwrap();
        assert_eq!(pool.borrow().err(), Some("no memory"));
        assert!(pool.borrow().is_ok());
    }
}
