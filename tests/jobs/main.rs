//! Runs `spanframe run` as a process: killed, interrupted, in shards, on full disks and damaged files, and started
//! again.

mod again;
mod bad_rows;
mod changed;
mod csv;
mod damage;
mod disk;
mod figures;
mod file_systems;
mod formats;
mod kill;
#[cfg(target_os = "linux")]
#[path = "../support/missing_calls.rs"]
mod missing_calls;
mod names;
mod overwrite;
mod parts;
mod place;
mod seen;
#[path = "../support/mod.rs"]
mod support;
mod types;
