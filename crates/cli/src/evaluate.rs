//! `spanframe evaluate`: scores a model on annotated corpora.

mod command;
mod print;
mod report;
mod sets;

use std::{collections::HashMap, sync::Arc};

use arrow_array::{Array, LargeStringArray, StringArray};
use spanframe_compare::score::score;
use spanframe_engine::{Engine, EngineOptions, Layout, Mention, Notes, Offsets, entity_column};

use self::{
    print::Evaluation,
    report::{Heading, ScoreReport, ScoredDocument},
    sets::{Case, Corpus, Labels, Set},
};
use crate::{console, error::CliError, flags::EvaluateFlags, progress_line::ProgressLine, variant::Variant};

pub fn evaluate(flags: &EvaluateFlags, options: &EngineOptions) -> Result<(), CliError> {
    let renamed = flags.rename.iter().map(|pair| {
        let (label, entity) = pair.split_once('=').ok_or_else(|| CliError::Rename(pair.clone()))?;
        Ok((label.to_string(), entity.to_string()))
    });
    let renamed = renamed.collect::<Result<HashMap<_, _>, CliError>>()?;
    let corpora = flags.corpora.iter().map(|argument| Corpus::read(argument)).collect::<Result<Vec<_>, _>>()?;
    // spans are compared in code points of the annotated text, whatever unit, text and layout the options name
    let (offsets, layout) = (Offsets::Char, Layout::StructOfLists);
    let options = EngineOptions { offsets, layout, cleaned_offsets: false, ..options.clone() };
    let engine = Engine::new(&options)?;
    let types = engine.types().to_vec();
    let labels = Labels { types: &types, kept: engine.kept(), renamed };
    let sets = sets::sets(&corpora, &labels, flags.limit.map(Into::into))?;
    let copies = copies(&sets, &flags.variants);
    let found = annotate(&engine, &copies, flags.quiet)?;
    let reports = reports(&copies, &found, &types);
    let model = engine.card().name;
    let command = command::command(flags, &corpora, &options, &model);
    let evaluation =
        Evaluation { model, command, limit: flags.limit.map(Into::into), types, show_text: flags.show_text };
    match flags.json {
        true => console::print(&format!("{:#}\n", print::json(&evaluation, &reports))),
        false => console::print(&print::text(&evaluation, &reports)),
    }
}

/// A set in one spelling.
struct SetCopy<'a> {
    set: &'a Set,
    variant: Variant,
    cases: Vec<CaseCopy<'a>>,
}

/// A case in one spelling. Its mentions keep their positions, which are code points.
struct CaseCopy<'a> {
    case: &'a Case,
    text: Arc<str>,
    /// Its row among the distinct texts of each language.
    row: usize,
}

/// Every set in every spelling.
fn copies<'a>(sets: &'a [Set], variants: &[Variant]) -> Vec<SetCopy<'a>> {
    let mut rows: HashMap<(Option<&str>, Arc<str>), usize> = HashMap::new();
    let mut copy = |set: &'a Set, variant: Variant| {
        let cases = set.cases.iter().map(|case| {
            let text: Arc<str> = variant.respell(&case.text).into();
            let next = rows.len();
            let row = *rows.entry((set.language.as_deref(), Arc::clone(&text))).or_insert(next);
            CaseCopy { case, text, row }
        });
        SetCopy { set, variant, cases: cases.collect() }
    };
    sets.iter().flat_map(|set| variants.iter().map(move |&variant| (set, variant))).map(|(s, v)| copy(s, v)).collect()
}

/// The mentions found in each distinct text, by one call of the engine. Models with languages read only texts of these.
fn annotate(engine: &Engine, copies: &[SetCopy<'_>], quiet: bool) -> Result<Vec<Vec<Mention<'static>>>, CliError> {
    let mut texts: Vec<&str> = Vec::new();
    let mut languages = Vec::new();
    for copy in copies {
        for case in &copy.cases {
            if case.row == texts.len() {
                texts.push(&case.text);
                languages.push(copy.set.language.as_deref());
            }
        }
    }
    let (column, languages) = (LargeStringArray::from(texts), StringArray::from(languages));
    let languages = engine.check_language(true).is_ok().then_some(&languages as &dyn Array);
    let mut found = Vec::new();
    ProgressLine::new(column.len() as u64, quiet).watch(engine.metrics(), || {
        for chunk in engine.annotate_chunks(Notes { texts: &column, languages })? {
            let rows = entity_column::read(&chunk)?.into_iter();
            found.extend(rows.map(|row| row.into_iter().flatten().map(Mention::into_owned).collect()));
        }
        Ok(())
    })?;
    Ok(found)
}

/// One report for each set and spelling.
fn reports(copies: &[SetCopy<'_>], found: &[Vec<Mention<'_>>], types: &[String]) -> Vec<ScoreReport> {
    let index: HashMap<&str, usize> = types.iter().enumerate().map(|(i, name)| (name.as_str(), i)).collect();
    let report = |SetCopy { set, variant, cases }: &SetCopy<'_>| {
        let annotated: Vec<bool> = (0..types.len()).map(|i| cases.iter().any(|copy| copy.case.annotated[i])).collect();
        // a type that was not annotated in a document is not scored there
        let counted = |copy: &CaseCopy<'_>| -> Vec<Mention<'_>> {
            let is_counted = |mention: &&Mention<'_>| copy.case.annotated[index[&*mention.entity]];
            found[copy.row].iter().filter(is_counted).cloned().collect()
        };
        let counted: Vec<Vec<Mention<'_>>> = cases.iter().map(counted).collect();
        let documents: Vec<ScoredDocument<'_>> = cases
            .iter()
            .zip(&counted)
            .map(|(copy, found)| ScoredDocument { text: &copy.text, score: score(&copy.case.mentions, found, types) })
            .collect();
        let (language, annotation) = (set.language.clone(), set.annotation);
        let heading = Heading { set: set.name(), language, annotation, variant: variant.name() };
        ScoreReport::new(heading, &documents, types, &annotated)
    };
    copies.iter().map(report).collect()
}
