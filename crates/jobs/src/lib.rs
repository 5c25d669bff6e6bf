//! Batch runs: files in, entities out, in units that are whole or absent.
//!
//! A job's files are cut into units ([`plan`]), each of which becomes one Parquet file: read ([`source`]), annotated by the
//! engine, shaped ([`form`]) and written ([`sink`]) to a file that is shown at its end, at once. The [`ledger`] notes what is
//! done, so that a job that was stopped, by whatever, goes on from there.
#![forbid(unsafe_code)]

mod annotate;
mod begin;
mod draft;
mod error;
pub mod form;
pub mod input;
pub mod ledger;
mod memory_limits;
mod metrics;
pub mod options;
mod output_settings;
mod outputs;
mod parquet_type;
pub mod plan;
mod progress;
pub mod record;
mod reject;
mod run;
pub mod sink;
pub mod source;
mod summary;
mod table;
mod unit;

pub use annotate::annotate;
pub use error::JobError;
pub use ledger::Ledger;
pub use memory_limits::MemoryLimits;
pub use metrics::MetricsFile;
pub use options::{JobOptions, OnChange, OnDamage, OnError, RawJob, Shard};
pub use progress::{Flow, JobProgress, Observer};
pub use run::run;
pub use summary::Summary;
