//! [`NotesReport`]: counts and samples the rows of a table in one pass, and renders them as a page.

use std::collections::BTreeMap;

use spanframe_engine::{offset_convention::OffsetConvention, ruler::Ruler};

use crate::{Note, Row, page, sample::Sample, tally::Tally};

/// What a report shows.
#[derive(Clone, Debug)]
pub struct ReportOptions {
    /// Subject of the page, such as the name of the file.
    pub title: String,
    /// Maximum number of notes to show.
    pub notes: usize,
    /// Seed of the sample of notes.
    pub seed: u64,
    /// True to show notes and chunks. Otherwise the page has counts only.
    pub show_text: bool,
    /// The column that the months come from, if any.
    pub date_column: Option<String>,
}

/// A file of the report.
#[derive(Clone, Debug)]
pub struct ReportSource {
    /// Name of the file.
    pub name: String,
    /// How the file was made: names and values of the model, the version and the options.
    pub provenance: Vec<(String, String)>,
    /// What the positions of its entities count.
    pub convention: OffsetConvention,
}

/// Counts all rows and samples some. Memory grows with the notes that are shown, the types, the months and the files,
/// but not with the rows.
pub struct NotesReport {
    pub(crate) options: ReportOptions,
    pub(crate) tally: Tally,
    pub(crate) sources: Vec<ReportSource>,
    /// Number of entities with positions outside their text.
    pub(crate) outside: u64,
    /// Number of entities whose chunk differs from the text at their positions.
    pub(crate) other_chunk: u64,
    sample: Sample<Sampled>,
}

/// A note of the sample.
pub(crate) struct Sampled {
    /// Index of its file among the sources.
    pub source: usize,
    pub note: Note,
    pub month: Option<String>,
}

impl NotesReport {
    /// Makes a report without rows.
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

    /// Begins a file: the rows that follow belong to `source`.
    pub fn source(&mut self, source: ReportSource) {
        self.sources.push(source);
    }

    /// Adds a row of the last source. Without [`show_text`](ReportOptions::show_text) its text is not read.
    pub fn row(&mut self, row: &Row<'_>) {
        let convention =
            self.sources.last().map_or_else(|| spanframe_engine::Offsets::default().into(), |s| s.convention);
        let place = self.tally.rows;
        if !self.options.show_text {
            self.tally.row(row, |_| None);
            return;
        }
        let ruler = Ruler::new(row.text.unwrap_or_default());
        let (mut outside, mut other_chunk) = (0, 0);
        self.tally.row(row, |mention| {
            let here = row.text.and_then(|_| ruler.slice(mention, convention));
            match (here, mention.chunk.as_deref()) {
                (None, _) => outside += 1,
                (Some(here), Some(chunk)) => other_chunk += u64::from(here != chunk),
                _ => {}
            }
            mention.chunk.as_deref().or(here)
        });
        self.outside += outside;
        self.other_chunk += other_chunk;
        let has_entities = row.mentions.is_some_and(|mentions| !mentions.is_empty());
        let source = self.sources.len().saturating_sub(1);
        self.sample.offer(place, has_entities, || Sampled {
            source,
            note: Note::new(row, convention),
            month: row.month.map(String::from),
        });
    }

    /// Renders the page: HTML in UTF-8 that makes no request.
    #[must_use]
    pub fn finish(mut self) -> String {
        let sample = std::mem::replace(&mut self.sample, Sample::new(0, 0));
        page::page(&self, &sample.finish())
    }

    /// Returns the provenance of all sources: for each name its values, each with the number of files that have it.
    pub(crate) fn provenance(&self) -> Vec<(&str, BTreeMap<&str, usize>)> {
        let mut all: BTreeMap<&str, BTreeMap<&str, usize>> = BTreeMap::new();
        for (name, value) in self.sources.iter().flat_map(|source| &source.provenance) {
            *all.entry(name).or_default().entry(value).or_default() += 1;
        }
        let first = ["model", "model_sha256", "spanframe"];
        let place = |name: &str| first.iter().position(|first| *first == name).unwrap_or(first.len());
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort_by_key(|(name, _)| place(name));
        all
    }
}
