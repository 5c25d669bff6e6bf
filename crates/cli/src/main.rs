//! The `spanframe` program: see the library beside it.

/// The system's allocator keeps what threads have freed for each other: peak memory crept up with the length of a job.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    spanframe_cli::run(std::env::args_os(), None).into()
}
