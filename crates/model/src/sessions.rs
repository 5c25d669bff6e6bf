//! ONNX Runtime: the library, the device, and the sessions that turn windows into logits.

mod backend;
mod device;
mod runtime;

pub use backend::{Backend, Logits, SessionOptions};
pub use device::Device;
pub use runtime::LIBRARY_VARIABLE;
pub use runtime::{Runtime, RuntimeSearch};
