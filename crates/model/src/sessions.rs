//! ONNX Runtime: the library, the device, and the sessions that turn windows into logits.

mod backend;
mod device;
mod input;
mod logits;
mod runtime;
mod session_pool;

pub use backend::Backend;
pub use device::Device;
pub use logits::Logits;
pub use runtime::{Runtime, RuntimeSearch};
pub use session_pool::SessionOptions;
