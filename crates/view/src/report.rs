//! [`NotesReport`]: goes over the rows of a table once, and ends in a page.

use std::collections::BTreeMap;

use spanframe_engine::reading::{Reading, Ruler};

use crate::{Note, Row, page, sample::Sample, tally::Tally};

/// What a report shows.
#[derive(Clone, Debug)]
pub struct ReportOptions {
    /// What the page is about, such as the name of the file.
    pub title: String,
    /// Most notes to show.
    pub notes: usize,
    /// Decides which notes are shown.
    pub seed: u64,
    /// Whether notes and chunks are shown. Without them a page has counts alone.
    pub show_text: bool,
    /// The column that months are of, if any.
    pub date_column: Option<String>,
}

/// A file that rows are of.
#[derive(Clone, Debug)]
pub struct ReportSource {
    /// Its name.
    pub name: String,
    /// How it was made, by name: model, version and options.
    pub made: Vec<(String, String)>,
    /// What its positions count.
    pub reading: Reading,
}

/// Counts all rows and keeps some. Memory grows with the notes that are shown, the types, the months and the files, and not
/// with the rows.
pub struct NotesReport {
    pub(crate) options: ReportOptions,
    pub(crate) tally: Tally,
    pub(crate) sources: Vec<ReportSource>,
    /// Entities that are not where they say, of notes that were counted.
    pub(crate) outside: u64,
    pub(crate) other_chunk: u64,
    sample: Sample<Sampled>,
}

/// A note of a file.
pub(crate) struct Sampled {
    /// Index among the sources.
    pub source: usize,
    pub note: Note,
    pub month: Option<String>,
}

impl NotesReport {
    /// A report without rows.
    #[must_use]
    pub fn new(options: ReportOptions) -> Self {
        Self {
            sample: Sample::new(if options.show_text { options.notes } else { 0 }, options.seed),
            options,
            tally: Tally::default(),
            sources: Vec::new(),
            outside: 0,
            other_chunk: 0,
        }
    }

    /// The rows that follow are of `source`.
    pub fn source(&mut self, source: ReportSource) {
        self.sources.push(source);
    }

    /// Adds a row of the last source. Without [`show_text`](ReportOptions::show_text) its text is not looked at.
    pub fn row(&mut self, row: &Row<'_>) {
        let reading = self.sources.last().map_or_else(|| spanframe_engine::Offsets::default().into(), |s| s.reading);
        let place = self.tally.rows;
        if !self.options.show_text {
            self.tally.row(row, |_| None);
            return;
        }
        let ruler = Ruler::new(row.text.unwrap_or_default());
        let (mut outside, mut other_chunk) = (0, 0);
        self.tally.row(row, |mention| {
            let here = row.text.and_then(|_| ruler.slice(mention, reading));
            match (here, mention.chunk.as_deref()) {
                (None, _) => outside += 1,
                (Some(here), Some(chunk)) => other_chunk += u64::from(here != chunk),
                _ => {}
            }
            mention.chunk.as_deref().or(here)
        });
        self.outside += outside;
        self.other_chunk += other_chunk;
        let found = row.mentions.is_some_and(|mentions| !mentions.is_empty());
        let source = self.sources.len().saturating_sub(1);
        self.sample.offer(place, found, || Sampled {
            source,
            note: Note::new(row, reading),
            month: row.month.map(String::from),
        });
    }

    /// The page: HTML in UTF-8 that asks nothing of any network.
    #[must_use]
    pub fn finish(mut self) -> String {
        let sample = std::mem::replace(&mut self.sample, Sample::new(0, 0));
        page::page(&self, &sample.finish())
    }

    /// What all sources say of how they were made: for each name the values, each with the number of files that say so.
    pub(crate) fn made(&self) -> Vec<(&str, BTreeMap<&str, usize>)> {
        let mut all: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for (name, value) in self.sources.iter().flat_map(|source| &source.made) {
            *all.entry(name).or_default().entry(value).or_default() += 1;
        }
        let first = ["model", "model_sha256", "spanframe"];
        let place = |name: &str| first.iter().position(|first| *first == name).unwrap_or(first.len());
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort_by_key(|(name, _)| place(name));
        all
    }
}
