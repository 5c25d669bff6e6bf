//! Bars, as SVG: a policy without inline styles allows no others.

use maud::{Markup, html};

/// One bar of parts, each with its class and value, of a scale that ends at `most`. It says nothing that the table beside it
/// does not, and is hidden from screen readers.
pub fn bar(parts: &[(String, u64)], most: u64) -> Markup {
    let scale = 100.0 / most.max(1) as f64;
    let begins = parts.iter().scan(0, |at, (_, value)| Some(std::mem::replace(at, *at + value)));
    html! {
        svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true" focusable="false" {
            rect class="ground" x="0" y="0.9" width="100" height="0.1" {}
            @for ((class, value), begin) in parts.iter().zip(begins) {
                @let (x, width) = (begin as f64 * scale, *value as f64 * scale);
                rect class=(class) x=(format!("{x:.2}")) y="0" width=(format!("{width:.2}")) height="1" {}
            }
        }
    }
}

/// Upright bars side by side; `label` says in words what they show.
pub fn bins(class: &str, counts: &[u64], label: &str) -> Markup {
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let view = format!("0 0 {} 100", 10 * counts.len());
    html! {
        svg class={ "bins " (class) } viewBox=(view) preserveAspectRatio="none" role="img" aria-label=(label) {
            rect class="ground" x="0" y="98" width=(10 * counts.len()) height="2" {}
            @for (i, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
                // what is there is seen
                @let height = (98.0 * *count as f64 / most).max(3.0);
                rect x=(10 * i + 1) y=(format!("{:.1}", 98.0 - height)) width="8" height=(format!("{height:.1}")) {}
            }
        }
    }
}
