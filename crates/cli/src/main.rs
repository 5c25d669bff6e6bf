//! The `spanframe` program: see the library beside it.
fn main() -> std::process::ExitCode {
    spanframe_cli::run(std::env::args_os(), None).into()
}
