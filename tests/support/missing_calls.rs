//! File systems that lack calls. A filter of the kernel answers the calls with an error, as such a file system does.
#![allow(dead_code)] // each test file uses its part

use std::{
    process::{Command, Output},
    thread,
};

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

/// What a call fails with where it is missing.
pub const ERRORS: [i32; 4] = [libc::ENOSYS, libc::EINVAL, libc::EPERM, libc::EOPNOTSUPP];

pub const NOREPLACE: &[i64] = &[libc::SYS_renameat2];
#[cfg(target_arch = "x86_64")]
pub const LINK: &[i64] = &[libc::SYS_link, libc::SYS_linkat];
#[cfg(not(target_arch = "x86_64"))]
pub const LINK: &[i64] = &[libc::SYS_linkat];
#[cfg(target_arch = "x86_64")]
pub const RENAME: &[i64] = &[libc::SYS_rename, libc::SYS_renameat, libc::SYS_renameat2];
#[cfg(not(target_arch = "x86_64"))]
pub const RENAME: &[i64] = &[libc::SYS_renameat, libc::SYS_renameat2];
pub const LOCK: &[i64] = &[libc::SYS_flock];
pub const SYNC: &[i64] = &[libc::SYS_fsync, libc::SYS_fdatasync];

/// Runs `command` so that `calls` fail with `error`.
pub fn without(calls: &[i64], error: i32, mut command: Command) -> Output {
    let rules = calls.iter().map(|&call| (call, Vec::new())).collect();
    let arch = std::env::consts::ARCH.try_into().unwrap();
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Errno(error as u32), arch).unwrap();
    let program: BpfProgram = filter.try_into().unwrap();
    // a process inherits the filter of the thread that starts it
    let run = move || {
        seccompiler::apply_filter(&program).unwrap();
        command.output().unwrap()
    };
    thread::spawn(run).join().unwrap()
}
