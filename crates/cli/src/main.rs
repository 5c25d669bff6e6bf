//! The `spanframe` program: a thin wrapper of the library beside it.

/// One thread allocates the batches and another frees them. The C library's allocator then holds ever more memory that
/// it cannot return; jemalloc returns it. See "Peak memory" in benches/runs.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    spanframe_cli::run(std::env::args_os(), &spanframe_cli::Host::default()).into()
}
