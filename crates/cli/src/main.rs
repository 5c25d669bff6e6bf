//! The `spanframe` program: see the library beside it.

/// Batches are allocated by one thread and freed by another, which leaves the C library's allocator with more and more memory that
/// it cannot give back: see "Peak memory" in benches/runs.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    spanframe_cli::run(std::env::args_os(), &spanframe_cli::Host::default()).into()
}
