//! ONNX Runtime: the library, the device, and the sessions that turn windows into logits.

mod backend;
mod device;
mod input;
mod logits;
mod pool;
mod runtime;
mod session_options;
mod session_recipe;

pub use backend::Backend;
pub use device::Device;
pub use logits::Logits;
pub use runtime::{Runtime, RuntimeSearch};
pub use session_options::SessionOptions;
