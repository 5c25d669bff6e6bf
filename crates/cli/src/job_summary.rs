//! What a job did, as text for standard error.

use indicatif::{HumanCount, HumanDuration};
use spanframe_engine::shown_name::escaped;
use spanframe_jobs::{JobProgress, Summary, record::Counts};

/// Units done and the speed of this run, in one line.
pub fn rates(progress: &JobProgress) -> String {
    let left = progress.left().map_or("?".to_string(), |left| HumanDuration(left).to_string());
    format!(
        "{}/{} units, {:.1} rows/s, {:.0} tokens/s, {left} left",
        progress.units_before + progress.units_done,
        progress.units,
        progress.rows_per_second(),
        progress.tokens_per_second(),
    )
}

/// What this run did, whose progress is `run`, and what the job did in all its runs.
pub fn summary_text(summary: &Summary, run: &JobProgress) -> String {
    let (done, units) = (HumanCount(summary.units_done as u64), HumanCount(summary.units as u64));
    let (run_did, job_has) = (&summary.run, rows(&summary.counts));
    let rate = match run.done() {
        0 => String::new(),
        _ => line("rate", &rates(run).replace(", ? left", "")),
    };
    let mut text = if summary.units_now > 0 && summary.units_now == summary.units_done {
        format!("{done} of {units} units done, all by this run; {job_has}{}{rate}", details(&summary.counts))
    } else {
        let now = HumanCount(summary.units_now as u64);
        let did = match summary.units_now {
            0 => String::new(),
            _ => format!("this run: {}{}{rate}", rows(&run_did.counts), details(&run_did.counts)),
        };
        format!(
            "{done} of {units} units done, {now} by this run\n{did}whole job: {job_has}{}",
            details(&summary.counts)
        )
    };
    let mut add = |name: &str, value: &str| text.push_str(&line(name, value));
    for (url, losses) in &summary.losses {
        for loss in losses {
            let (first, last) = (loss.rows.start, loss.rows.end.saturating_sub(1));
            add("", &format!("rows {first} to {last} of {url}: {}", loss.reason));
        }
    }
    for (url, reason) in &summary.damaged {
        add("damaged", &format!("{url}: {reason}"));
    }
    for reason in run_did.failed.values() {
        add("failed", reason);
    }
    text
}

/// A line of the summary.
fn line(name: &str, value: &str) -> String {
    format!("  {name:<10} {}\n", escaped(value))
}

fn rows(counts: &Counts) -> String {
    format!("{} rows read, {} written\n", HumanCount(counts.rows), HumanCount(counts.written))
}

/// The other counts, a line each.
fn details(counts: &Counts) -> String {
    let mut text = String::new();
    let mut add = |name: &str, value: &str| text.push_str(&line(name, value));
    let entities: Vec<String> = counts.entities.iter().map(|(name, n)| format!("{name} {}", HumanCount(*n))).collect();
    add("entities", &if entities.is_empty() { "none".to_string() } else { entities.join(", ") });
    for (name, count) in [("nulled", counts.nulled), ("rejected", counts.rejected), ("lost", counts.lost)] {
        if count > 0 {
            add(name, &format!("{} rows", HumanCount(count)));
        }
    }
    if counts.unknown_language > 0 {
        add("language", &format!("{} rows of unknown language", HumanCount(counts.unknown_language)));
    }
    add("tokens", &format!("{}, padding {:.1} %", HumanCount(counts.tokens), 100.0 * counts.padding()));
    let seconds = counts.seconds;
    add("seconds", &format!("read {:.1}, annotate {:.1}, write {:.1}", seconds.read, seconds.annotate, seconds.write));
    text
}
