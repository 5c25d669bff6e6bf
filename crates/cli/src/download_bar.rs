//! [`DownloadBar`]: shows the progress of downloads on standard error.

use std::io::{IsTerminal, stderr};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use spanframe_engine::shown_name::escaped;
use spanframe_install::DownloadProgress;

use crate::console::eprint_line;

const TEMPLATE: &str = "{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}";

/// On a terminal a bar for each file; elsewhere a line when its download starts.
#[derive(Default)]
pub struct DownloadBar {
    file: String,
    bar: Option<ProgressBar>,
}

impl DownloadBar {
    pub fn show(&mut self, progress: DownloadProgress<'_>) {
        if self.file != progress.file {
            self.start(progress);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(progress.bytes);
        }
    }

    fn start(&mut self, progress: DownloadProgress<'_>) {
        self.file = progress.file.to_string();
        self.bar = None;
        let file = escaped(&self.file).into_owned();
        if !stderr().is_terminal() {
            let size = progress.total.map_or_else(|| "unknown size".to_string(), |total| HumanBytes(total).to_string());
            eprint_line(format_args!("fetching {file}, {size}"));
            return;
        }
        let bar = ProgressBar::with_draw_target(progress.total, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        bar.set_message(file);
        self.bar = Some(bar);
    }
}
