//! `spanframe evaluate`: how well a model finds what was annotated in corpora.

mod command;
mod print;
mod report;
mod sets;
mod variant;

use std::{collections::HashMap, sync::Arc};

use arrow_array::{Array, ArrayRef, LargeStringArray, StringArray};
use spanframe_compare::score::{Mention, compare};
use spanframe_core::Span;
use spanframe_engine::{Engine, EngineOptions, Layout, Notes, Offsets, entity_column};

pub use self::variant::Variant;
use self::{
    print::Job,
    report::{Compared, Heading, Report},
    sets::{Corpus, Labels, Set},
};
use crate::{console, error::CliError, flags::EvaluateFlags, progress_line::ProgressLine};

pub fn evaluate(flags: &EvaluateFlags, options: &EngineOptions) -> Result<(), CliError> {
    let renamed = flags.rename.iter().map(|pair| {
        let (label, kind) = pair.split_once('=').ok_or_else(|| CliError::Rename(pair.clone()))?;
        Ok((label.to_string(), kind.to_string()))
    });
    let renamed = renamed.collect::<Result<HashMap<_, _>, CliError>>()?;
    let corpora = flags.corpora.iter().map(|argument| Corpus::read(argument)).collect::<Result<Vec<_>, _>>()?;
    // spans are compared in bytes of the text as it was annotated, whatever unit, text and layout were asked for
    let (offsets, layout) = (Offsets::Byte, Layout::StructOfLists);
    let options = EngineOptions { offsets, layout, cleaned_offsets: false, ..options.clone() };
    let engine = Engine::new(&options)?;
    let types = engine.types().to_vec();
    let labels = Labels { known: &types, wanted: engine.kept(), renamed };
    let sets = sets::sets(&corpora, &labels, flags.limit.map(Into::into))?;
    let copies = copies(&sets, &flags.variants);
    let found = annotate(&engine, &copies, flags.quiet)?;
    let reports: Vec<Report> = reports(&sets, &flags.variants, &copies, &found, &types);
    let model = engine.card().name;
    let command = command::command(flags, &corpora, &options, &model);
    let job = Job { model, command, limit: flags.limit.map(Into::into), types, show_text: flags.show_text };
    match flags.json {
        true => console::print(&format!("{:#}\n", print::json(&job, &reports))),
        false => console::print(&print::text(&job, &reports)),
    }
}

/// A case in one spelling, and its row among the distinct texts of each language.
struct Copy<'a> {
    language: Option<&'a str>,
    text: Arc<str>,
    mentions: Vec<Mention>,
    row: usize,
}

/// All cases of all sets in all spellings, set by set and spelling by spelling.
fn copies<'a>(sets: &'a [Set], variants: &[Variant]) -> Vec<Copy<'a>> {
    let mut rows: HashMap<(Option<&str>, Arc<str>), usize> = HashMap::new();
    let mut copies = Vec::new();
    for (set, variant) in sets.iter().flat_map(|set| variants.iter().map(move |variant| (set, variant))) {
        for case in &set.cases {
            let (text, mentions) = variant.apply(&case.text, &case.mentions);
            let text: Arc<str> = text.into();
            let next = rows.len();
            let language = set.language.as_deref();
            let row = *rows.entry((language, Arc::clone(&text))).or_insert(next);
            copies.push(Copy { language, text, mentions, row });
        }
    }
    copies
}

/// The mentions that the engine finds in each distinct text, in one call. Models that are chosen by language are.
fn annotate(engine: &Engine, copies: &[Copy], quiet: bool) -> Result<Vec<Vec<Mention>>, CliError> {
    let mut texts: Vec<&str> = Vec::new();
    let mut languages = Vec::new();
    for copy in copies {
        if copy.row == texts.len() {
            texts.push(&copy.text);
            languages.push(copy.language);
        }
    }
    let (column, languages) = (LargeStringArray::from(texts), StringArray::from(languages));
    let languages = engine.check_language(true).is_ok().then_some(&languages as &dyn Array);
    let mut found = Vec::new();
    ProgressLine::new(column.len() as u64, quiet).watch(engine.metrics(), || {
        for chunk in engine.annotate_chunks(Notes { texts: &column, languages })? {
            found.extend(mentions(&chunk, engine.types())?);
        }
        Ok(())
    })?;
    Ok(found)
}

/// The mentions of each row, whose positions are bytes.
fn mentions(column: &ArrayRef, types: &[String]) -> Result<Vec<Vec<Mention>>, CliError> {
    let kinds: HashMap<&str, u16> = types.iter().enumerate().map(|(kind, name)| (name.as_str(), kind as u16)).collect();
    let mention = |found: spanframe_engine::Mention<'_>| Mention {
        span: Span::new(found.begin as usize, found.end as usize),
        kind: kinds[found.entity.as_ref()],
    };
    let rows = entity_column::read(column)?.into_iter();
    Ok(rows.map(|row| row.into_iter().flatten().map(mention).collect()).collect())
}

/// One report a set and spelling, in the order of [`copies`].
fn reports(
    sets: &[Set], variants: &[Variant], copies: &[Copy], found: &[Vec<Mention>], types: &[String],
) -> Vec<Report> {
    let mut copies = copies.iter();
    let mut reports = Vec::new();
    for set in sets {
        let mut annotated = vec![false; types.len()];
        for case in &set.cases {
            annotated.iter_mut().zip(&case.annotated).for_each(|(any, this)| *any |= this);
        }
        for variant in variants {
            let documents: Vec<Compared> = set
                .cases
                .iter()
                .zip(copies.by_ref())
                .map(|(case, copy)| {
                    let counts = |mention: &&Mention| case.annotated[usize::from(mention.kind)];
                    let found: Vec<Mention> = found[copy.row].iter().filter(counts).copied().collect();
                    Compared { text: &copy.text, comparison: compare(&copy.mentions, &found, types.len()) }
                })
                .collect();
            let (language, annotation) = (set.language.clone(), set.annotation);
            let heading = Heading { set: set.name(), language, annotation, variant: variant.name() };
            reports.push(Report::new(heading, &documents, types, &annotated));
        }
    }
    reports
}
