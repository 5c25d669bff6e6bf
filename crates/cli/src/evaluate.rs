//! `spanframe evaluate`: scores a model on annotated corpora.

mod attributes;
mod codes;
mod command;
mod print;
mod report;
mod sets;

use std::{collections::HashMap, sync::Arc};

use arrow_array::{Array, LargeStringArray, StringArray};
use spanframe_compare::score::score;
use spanframe_engine::{
    Attributes, Engine, EngineOptions, Layout, Linker, Mention, Named, Notes, Offsets, RawOptions, Selection,
    assertion::Assertion, entity_column,
};

use self::{
    attributes::{AttributeReport, ScoredAttributes, Spans},
    codes::{CodeScore, CodedDocument},
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
    let scored = scored(&corpora, options);
    let linker = Linker::of(options)?;
    let scores_codes = linker.is_some() && sets::have_codes(&corpora);
    let without_model = flags.attributes_only || sets::are_unlabelled(&corpora);
    if without_model && scored.is_empty() && !scores_codes {
        return Err(CliError::NoAttributes);
    }
    let engine_options = engine_options(options, scored);
    let engine = if without_model { None } else { Some(Engine::new(&engine_options)?) };
    let (types, kept) = match &engine {
        Some(engine) => (engine.types().to_vec(), engine.kept().to_vec()),
        None => {
            let labels = sets::all_labels(&corpora, &renamed);
            let kept = vec![true; labels.len()];
            (labels, kept)
        }
    };
    let sets = sets::sets(&corpora, &Labels { types: &types, kept: &kept, renamed }, flags.limit.map(Into::into))?;
    let copies = copies(&sets, &flags.variants);
    let found = engine.as_ref().map(|engine| annotate(engine, &copies, flags.quiet)).transpose()?;
    let assertion = Assertion::with_pipeline_file(&engine_options)?;
    let (assertion, linker) = (assertion.as_ref(), linker.as_ref());
    let scorer = Scorer { types: &types, found: found.as_deref(), assertion, linker, scored };
    let reports: Vec<ScoreReport> = copies.iter().map(|copy| scorer.report(copy)).collect();
    let model = engine.map(|engine| engine.card().name);
    let command = command::command(flags, &corpora, options, model.as_deref());
    let evaluation =
        Evaluation { model, command, limit: flags.limit.map(Into::into), types, show_text: flags.show_text };
    match flags.json {
        true => console::print_json(format_args!("{:#}", print::json(&evaluation, &reports))),
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

/// Scores sets of cases.
struct Scorer<'a> {
    types: &'a [String],
    /// Found mentions by the row of a case; `None` if no model was run.
    found: Option<&'a [Vec<Mention<'static>>]>,
    /// The rules; `None` if no attribute is scored.
    assertion: Option<&'a Assertion>,
    /// Links mentions of gold; `None` if no code is scored.
    linker: Option<&'a Linker>,
    scored: Attributes,
}

impl Scorer<'_> {
    /// The report of one set in one spelling.
    fn report(&self, copy: &SetCopy<'_>) -> ScoreReport {
        let SetCopy { set, variant, cases } = copy;
        let (language, annotation) = (set.language.clone(), set.annotation);
        let heading = Heading { set: set.name(), language, annotation, variant: variant.name() };
        let scored =
            |case: &Case| -> Attributes { case.attributes.iter().filter(|&a| self.scored.contains(a)).collect() };
        let all_scored: Attributes = cases.iter().flat_map(|copy| scored(copy.case).iter()).collect();
        let assessor = self.assertion.map(Assertion::assessor);
        let on_gold = cases.iter().filter_map(|CaseCopy { case, text, .. }| {
            let given = attributes::assessed(assessor?, text, &case.mentions, set.language.as_deref());
            Some(ScoredAttributes::new(text, &case.mentions, &given, scored(case)))
        });
        let on_gold = AttributeReport::new(Spans::Gold, &on_gold.collect::<Vec<_>>(), all_scored);
        let Some(found) = self.found else {
            let report = ScoreReport::without_spans(heading, cases.len());
            let codes = self.codes(cases.iter().map(|copy| (copy, None)));
            return ScoreReport { attributes: on_gold.into_iter().collect(), codes, ..report };
        };
        let counted: Vec<Vec<Mention<'_>>> = cases.iter().map(|copy| self.counted(copy, &found[copy.row])).collect();
        let scores = cases.iter().zip(&counted).map(|(copy, found)| ScoredDocument {
            text: &copy.text,
            score: score(&copy.case.mentions, found, self.types),
        });
        let on_found = cases.iter().zip(&counted);
        let on_found = on_found.map(|(CaseCopy { case, text, .. }, found)| {
            ScoredAttributes::new(text, &case.mentions, found, scored(case))
        });
        let on_found = AttributeReport::new(Spans::Found, &on_found.collect::<Vec<_>>(), all_scored);
        let annotated = |i: usize| cases.iter().any(|copy| copy.case.annotated[i]);
        let annotated: Vec<bool> = (0..self.types.len()).map(annotated).collect();
        let report = ScoreReport::new(heading, &scores.collect::<Vec<_>>(), self.types, &annotated);
        let codes = self.codes(cases.iter().zip(&counted).map(|(copy, found)| (copy, Some(found.as_slice()))));
        ScoreReport { attributes: on_gold.into_iter().chain(on_found).collect(), codes, ..report }
    }

    /// The scores of codes, of cases and the mentions found in them.
    fn codes<'c>(&self, cases: impl Iterator<Item = (&'c CaseCopy<'c>, Option<&'c [Mention<'c>]>)>) -> Vec<CodeScore> {
        let Some(linker) = self.linker else { return Vec::new() };
        let document =
            |(copy, found): (&'c CaseCopy<'c>, _)| CodedDocument { text: &copy.text, gold: &copy.case.mentions, found };
        codes::scores(linker, &cases.map(document).collect::<Vec<_>>())
    }

    /// The found mentions of the types that were annotated in the document: others are not scored there.
    fn counted<'m>(&self, copy: &CaseCopy<'_>, found: &[Mention<'m>]) -> Vec<Mention<'m>> {
        let index: HashMap<&str, usize> = self.types.iter().enumerate().map(|(i, name)| (name.as_str(), i)).collect();
        found.iter().filter(|mention| copy.case.annotated[index[&*mention.entity]]).cloned().collect()
    }
}

/// The attributes to score: those of gold, or those among them that the options name.
fn scored(corpora: &[Corpus], options: &EngineOptions) -> Attributes {
    let is_wanted = |attribute| options.assertion.is_empty() || options.assertion.contains(attribute);
    sets::attributes(corpora).iter().filter(|&attribute| is_wanted(attribute)).collect()
}

/// The options of the engine: spans are compared in code points of the annotated text, whatever unit, text and layout
/// `options` name. Entities have the attributes to score.
fn engine_options(options: &EngineOptions, scored: Attributes) -> EngineOptions {
    let (offsets, layout) = (Offsets::Char, Layout::StructOfLists);
    let options = EngineOptions { offsets, layout, cleaned_offsets: false, ..options.clone() };
    if scored.is_empty() {
        return options;
    }
    // those of the call take the place of a pipeline file's
    let names = scored.iter().map(|attribute| attribute.name().to_string()).collect();
    let typed = RawOptions { assertion: Some(Selection::Some(names)), ..options.typed.clone() };
    EngineOptions { assertion: scored, typed, ..options }
}
