//! SIGINT while a query of Polars runs, and exceptions for the main thread.

use std::{
    ffi::c_void,
    mem,
    ptr::{null, null_mut},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use libc::{SA_SIGINFO, SIG_DFL, SIG_IGN, SIGINT, c_int, siginfo_t};
use pyo3::{exceptions::PyKeyboardInterrupt, ffi, prelude::*};

/// SIGINTs that came while a [`SigintWatch`] was there.
static SIGINTS: AtomicUsize = AtomicUsize::new(0);
/// Number of watches.
static WATCHES: Mutex<usize> = Mutex::new(0);
/// The handler that a watch replaced, and the one that the first watch of the process replaced.
static PREVIOUS: AtomicUsize = AtomicUsize::new(0);
static FIRST: AtomicUsize = AtomicUsize::new(0);
/// True while the handler runs.
static IN_HANDLER: AtomicBool = AtomicBool::new(false);
/// True from [`raise_in_main_thread`] until the exception is raised.
static RAISING: AtomicBool = AtomicBool::new(false);
/// True from [`stop_until_python_runs`] until the main thread runs Python code.
static STOPPED: AtomicBool = AtomicBool::new(false);

/// Counts SIGINTs until it is dropped. The handler of the process runs for each as well, and is the only one afterwards.
///
/// Does nothing where SIGINT ends the process or is ignored.
pub struct SigintWatch {
    begin: usize,
}

impl SigintWatch {
    /// Begins to count.
    pub fn start() -> Self {
        let mut watches = WATCHES.lock().unwrap_or_else(PoisonError::into_inner);
        if *watches == 0 {
            install();
        }
        *watches += 1;
        Self { begin: SIGINTS.load(Ordering::Relaxed) }
    }

    /// True after a SIGINT.
    pub fn is_interrupted(&self) -> bool {
        SIGINTS.load(Ordering::Relaxed) != self.begin
    }
}

impl Drop for SigintWatch {
    fn drop(&mut self) {
        let mut watches = WATCHES.lock().unwrap_or_else(PoisonError::into_inner);
        *watches -= 1;
        if *watches == 0 {
            restore();
        }
    }
}

/// Returns the address of our handler. Handlers are stored by address, as `sigaction` has them.
fn ours() -> usize {
    on_sigint as extern "C" fn(c_int, *mut siginfo_t, *mut c_void) as usize
}

/// Returns what the process does at SIGINT.
fn current() -> libc::sigaction {
    // SAFETY: all bytes zero are a valid `sigaction`, which the call overwrites.
    unsafe {
        let mut action = mem::zeroed();
        libc::sigaction(SIGINT, null(), &raw mut action);
        action
    }
}

fn set(action: &libc::sigaction) {
    // SAFETY: the action has a valid handler and mask: that of `current`, or ours.
    unsafe { libc::sigaction(SIGINT, action, null_mut()) };
}

fn install() {
    let mut action = current();
    if [SIG_DFL, SIG_IGN, ours()].contains(&action.sa_sigaction) {
        return;
    }
    // every handler may be called with three arguments: one that takes one does not see the others
    PREVIOUS.store(action.sa_sigaction, Ordering::Relaxed);
    let _ = FIRST.compare_exchange(0, action.sa_sigaction, Ordering::Relaxed, Ordering::Relaxed);
    action.sa_sigaction = ours();
    action.sa_flags |= SA_SIGINFO;
    set(&action);
}

/// Puts the previous handler back, unless another one has replaced ours meanwhile.
fn restore() {
    let mut action = current();
    if action.sa_sigaction == ours() {
        action.sa_sigaction = PREVIOUS.load(Ordering::Relaxed);
        set(&action);
    }
}

/// Counts the signal and calls the previous handler. Calls only functions that may run in a signal handler.
extern "C" fn on_sigint(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    SIGINTS.fetch_add(1, Ordering::Relaxed);
    // a handler that replaced ours may call ours and be our previous one: the second time the first one follows
    let is_nested = IN_HANDLER.swap(true, Ordering::Relaxed);
    let next = if is_nested { &FIRST } else { &PREVIOUS }.load(Ordering::Relaxed);
    // SAFETY: the address is that of a handler of this process, neither SIG_DFL nor SIG_IGN.
    let next: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = unsafe { mem::transmute(next) };
    next(signal, info, context);
    if !is_nested {
        IN_HANDLER.store(false, Ordering::Relaxed);
    }
}

/// True if the caller's thread is the first one of the process, where Python runs its signal handlers. False where
/// there is no way to know.
pub fn is_main_thread() -> bool {
    #[cfg(target_os = "linux")]
    {
        // SAFETY: both calls have no arguments and cannot fail.
        unsafe { libc::gettid() == libc::getpid() }
    }
    #[cfg(not(target_os = "linux"))]
    false
}

/// An exception, with the one that was being handled when it was raised.
struct Raised {
    error: PyErr,
    handled: Option<Py<PyAny>>,
}

/// Raises `error` in the main thread before that runs any more Python code. A `KeyboardInterrupt` is dropped if Polars
/// raised one of its own for the same signal.
///
/// # Errors
/// `error` itself if Python has no room for it.
pub fn raise_in_main_thread(py: Python<'_>, error: PyErr) -> PyResult<()> {
    let raised = Box::into_raw(Box::new(Raised { error, handled: handled(py) }));
    RAISING.store(true, Ordering::Relaxed);
    // SAFETY: `raise` takes the box back, once.
    if unsafe { ffi::Py_AddPendingCall(Some(raise), raised.cast()) } == 0 {
        return Ok(());
    }
    RAISING.store(false, Ordering::Relaxed);
    // SAFETY: the box was not given away.
    Err(unsafe { Box::from_raw(raised) }.error)
}

/// True from [`raise_in_main_thread`] until Python has raised the exception.
pub fn is_raising() -> bool {
    RAISING.load(Ordering::Relaxed)
}

/// Lets [`is_stopped`] be true until the main thread runs Python code again, where a handler takes over.
pub fn stop_until_python_runs() {
    // SAFETY: the function takes no argument, and may be added without the interpreter's lock.
    let add = || unsafe { ffi::Py_AddPendingCall(Some(run_again), null_mut()) } == 0;
    if !STOPPED.swap(true, Ordering::Relaxed) && !add() {
        STOPPED.store(false, Ordering::Relaxed);
    }
}

/// True while a query that was stopped has not returned to Python: its other expressions need not begin.
pub fn is_stopped() -> bool {
    STOPPED.load(Ordering::Relaxed) || is_raising()
}

/// Called by Python, in the main thread.
extern "C" fn run_again(_: *mut c_void) -> c_int {
    STOPPED.store(false, Ordering::Relaxed);
    0
}

/// Returns the exception whose `except` block the main thread is in.
fn handled(py: Python<'_>) -> Option<Py<PyAny>> {
    let info = py.import("sys").and_then(|sys| sys.call_method0("exc_info")).and_then(|info| info.get_item(1));
    info.ok().filter(|error| !error.is_none()).map(Bound::unbind)
}

/// Raises the exception. Called by Python, in the main thread.
extern "C" fn raise(raised: *mut c_void) -> c_int {
    RAISING.store(false, Ordering::Relaxed);
    // SAFETY: `raise_in_main_thread` made this box for one call.
    let Raised { error, handled: before } = *unsafe { Box::from_raw(raised.cast::<Raised>()) };
    Python::attach(|py| {
        let now = handled(py).filter(|now| before.as_ref().is_none_or(|before| !now.is(before)));
        let is_interrupt = |error: &Py<PyAny>| error.bind(py).is_instance_of::<PyKeyboardInterrupt>();
        if now.as_ref().is_some_and(is_interrupt) && error.is_instance_of::<PyKeyboardInterrupt>(py) {
            return 0;
        }
        error.restore(py);
        -1
    })
}
