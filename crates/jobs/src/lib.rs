//! Batch jobs: files in, entities out, in units whose output is visible as a whole or not at all.
//!
//! ```text
//! inputs -> plan: units -> source: rows -> engine -> form -> sink: one Parquet file per unit
//!                                                            ledger: which units are done
//! ```
//!
//! [`run`] does a job, which may be stopped in any way and started again ([`ledger`]). [`annotate`] writes single files
//! by the same steps, without a ledger. To add a format of inputs see [`source`], to add a form of outputs see
//! [`form`].
#![forbid(unsafe_code)]

mod annotate;
mod common_type;
pub mod csv_dialect;
mod error;
mod failed_inputs;
mod finalize;
mod folders;
pub mod form;
mod header;
pub mod input;
mod input_columns;
pub mod ledger;
mod logical_type;
mod lossless_cast;
mod memory_limits;
mod metrics;
mod open_input;
pub mod options;
mod output_settings;
mod outputs;
mod parquet_type;
pub mod plan;
mod planner;
mod progress;
mod reconcile;
pub mod record;
mod rejects;
mod run;
mod setup;
pub mod sink;
pub mod source;
mod summary;
mod timestamp;
mod unit_rows;
mod unit_runner;

pub use annotate::annotate;
pub use csv_dialect::Quote;
pub use error::JobError;
pub use ledger::Ledger;
pub use memory_limits::MemoryLimits;
pub use metrics::{MetricsFile, RunState};
pub use options::{JobOptions, OnChange, OnDamage, OnError, RawJob, Shard};
pub use progress::{Flow, JobProgress, Observer};
pub use run::run;
pub use summary::{RunSummary, Summary};
