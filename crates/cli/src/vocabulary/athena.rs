//! A folder of OHDSI's Athena: CONCEPT.csv, CONCEPT_SYNONYM.csv and CONCEPT_RELATIONSHIP.csv.
//!
//! ```text
//! CONCEPT ─▶ concepts that pass the filters ─▶ CONCEPT_RELATIONSHIP: standard concepts
//!         ╰▶ names ─▶ entries ◀─ synonyms ◀─ CONCEPT_SYNONYM
//! ```

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use spanframe_jobs::source::CsvOptions;
use spanframe_vocabulary::{Builder, Entry};

use super::{column::TextValues, left_out::LeftOut};
use crate::{error::CliError, flags::BuildFlags, table_file::TableFile};

/// Tab-separated; a quote is a character as any other.
const FORMAT: CsvOptions = CsvOptions { separator: Some(b'\t'), quote: None, escape: None, header: true };
/// The language of CONCEPT.csv.
const ENGLISH: &str = "en";
/// Languages by the name of their concept.
const LANGUAGES: [(&str, &str); 3] = [("english", ENGLISH), ("spanish", "es"), ("italian", "it")];
/// Languages by the id of their concept, where the folder does not have the concept itself.
const LANGUAGE_IDS: [(i64, &str); 2] = [(4_180_186, ENGLISH), (4_182_511, "es")];

/// A concept that passes the filters.
struct Concept {
    code: Box<str>,
    vocabulary: u32,
    domain: u32,
    standard: Option<i64>,
}

/// Names by number.
#[derive(Default)]
struct Names(Vec<String>, HashMap<String, u32>);

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        match self.1.get(name) {
            Some(number) => *number,
            None => {
                // domains and vocabularies are some hundreds
                let number = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
                self.0.push(name.to_string());
                self.1.insert(name.to_string(), number);
                number
            }
        }
    }

    fn name(&self, number: u32) -> &str {
        self.0.get(number as usize).map_or("", String::as_str)
    }
}

struct Athena<'a> {
    flags: &'a BuildFlags,
    concepts: HashMap<i64, Concept>,
    names: Names,
    /// Languages by concept id.
    languages: BTreeMap<i64, &'static str>,
}

/// Pushes names and synonyms of the concepts that pass the filters and are valid.
///
/// # Errors
/// [`CliError::NotAthena`] if there is no CONCEPT.csv, [`CliError::NotInteger`] for an id that is none, and those of
/// reading the files and of [`Builder::push`].
pub fn read(flags: &BuildFlags, builder: &mut Builder, left_out: &mut LeftOut) -> Result<(), CliError> {
    let file = |name: &str| file_of(&flags.source, name);
    let Some(concepts) = file("CONCEPT") else { return Err(CliError::NotAthena(flags.source.clone())) };
    let languages = LANGUAGE_IDS.into_iter().collect();
    let mut athena = Athena { flags, concepts: HashMap::new(), names: Names::default(), languages };
    athena.keep_concepts(&concepts, left_out)?;
    if let Some(path) = file("CONCEPT_RELATIONSHIP") {
        athena.map_to_standard(&path, left_out)?;
    }
    athena.push_names(&concepts, builder, left_out)?;
    match file("CONCEPT_SYNONYM") {
        Some(path) => athena.push_synonyms(&path, builder, left_out),
        None => Ok(()),
    }
}

/// The file `NAME.csv` of the folder, in upper or lower case.
fn file_of(folder: &Path, name: &str) -> Option<PathBuf> {
    let names = [format!("{name}.csv"), format!("{}.csv", name.to_lowercase())];
    names.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

/// Rows of some columns of a file.
struct Rows<'a> {
    path: &'a Path,
    names: &'a [&'a str],
    values: Vec<TextValues>,
    row: usize,
    before: u64,
}

impl Rows<'_> {
    fn text(&self, column: usize) -> &str {
        self.values[column].get(self.row).unwrap_or_default()
    }

    fn id(&self, column: usize) -> Result<i64, CliError> {
        let error = || CliError::NotInteger {
            path: self.path.to_path_buf(),
            column: self.names[column].to_string(),
            row: self.before + self.row as u64 + 1,
        };
        self.values[column].integer(self.row).ok().flatten().ok_or_else(error)
    }
}

/// Calls `each` with each row of the columns `names`.
fn each_row(
    path: &Path, names: &[&str], mut each: impl FnMut(&Rows<'_>) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let file = TableFile::open_with(path, FORMAT)?;
    let columns = names.iter().map(|name| file.column(name)).collect::<Result<Vec<_>, _>>()?;
    let mut before = 0;
    for batch in file.read(&columns)? {
        let batch = batch?;
        let values = batch.columns().iter().map(TextValues::new).collect::<Result<Vec<_>, _>>()?;
        let mut rows = Rows { path, names, values, row: 0, before };
        for row in 0..batch.num_rows() {
            rows.row = row;
            each(&rows)?;
        }
        before += batch.num_rows() as u64;
    }
    Ok(())
}

impl Athena<'_> {
    fn keep_concepts(&mut self, path: &Path, left_out: &mut LeftOut) -> Result<(), CliError> {
        let Self { flags, concepts, names, languages } = self;
        let is_kept = |list: &[String], name: &str| list.is_empty() || list.iter().any(|kept| kept.trim() == name);
        let columns = [
            "concept_id",
            "concept_name",
            "domain_id",
            "vocabulary_id",
            "standard_concept",
            "concept_code",
            "invalid_reason",
        ];
        each_row(path, &columns, |row| {
            let id = row.id(0)?;
            let (domain, vocabulary) = (row.text(2), row.text(3));
            if domain == "Language" {
                let name = row.text(1).to_lowercase();
                let known = LANGUAGES.iter().find(|(language, _)| name == format!("{language} language"));
                languages.extend(known.map(|(_, code)| (id, *code)));
            }
            if !is_kept(&flags.vocabulary, vocabulary) {
                left_out.add("of other vocabularies");
            } else if !is_kept(&flags.domain, domain) {
                left_out.add("of other domains");
            } else if !row.text(6).is_empty() {
                left_out.add("of invalid concepts");
            } else {
                let concept = Concept {
                    code: row.text(5).into(),
                    vocabulary: names.number(vocabulary),
                    domain: names.number(domain),
                    standard: (row.text(4) == "S").then_some(id),
                };
                concepts.insert(id, concept);
            }
            Ok(())
        })
    }

    /// Follows "Maps to". Of several standard concepts the one with the lowest id is taken, and the others are counted.
    fn map_to_standard(&mut self, path: &Path, left_out: &mut LeftOut) -> Result<(), CliError> {
        let columns = ["concept_id_1", "concept_id_2", "relationship_id", "invalid_reason"];
        each_row(path, &columns, |row| {
            if row.text(2) != "Maps to" || !row.text(3).is_empty() {
                return Ok(());
            }
            let (from, to) = (row.id(0)?, row.id(1)?);
            if let Some(concept) = self.concepts.get_mut(&from).filter(|_| from != to) {
                if concept.standard.is_some_and(|known| known != to) {
                    left_out.add("second standard concepts of a code");
                }
                concept.standard = Some(concept.standard.map_or(to, |known| known.min(to)));
            }
            Ok(())
        })
    }

    fn push_names(&self, path: &Path, builder: &mut Builder, left_out: &mut LeftOut) -> Result<(), CliError> {
        each_row(path, &["concept_id", "concept_name", "invalid_reason"], |row| {
            let id = row.id(0)?;
            match self.concepts.get(&id).filter(|_| row.text(2).is_empty()) {
                Some(concept) => self.push(builder, left_out, id, concept, (row.text(1), Some(ENGLISH), true)),
                None => Ok(()),
            }
        })
    }

    fn push_synonyms(&self, path: &Path, builder: &mut Builder, left_out: &mut LeftOut) -> Result<(), CliError> {
        each_row(path, &["concept_id", "concept_synonym_name", "language_concept_id"], |row| {
            let id = row.id(0)?;
            let Some(concept) = self.concepts.get(&id) else {
                left_out.add("synonyms of concepts that were left out");
                return Ok(());
            };
            let language = row.id(2).ok().and_then(|language| self.languages.get(&language).copied());
            self.push(builder, left_out, id, concept, (row.text(1), language, false))
        })
    }

    fn push(
        &self, builder: &mut Builder, left_out: &mut LeftOut, id: i64, concept: &Concept,
        (term, language, preferred): (&str, Option<&str>, bool),
    ) -> Result<(), CliError> {
        let wanted = &self.flags.language;
        if !wanted.is_empty() && !wanted.iter().any(|wanted| language == Some(wanted.trim())) {
            left_out.add("in other languages");
            return Ok(());
        }
        let entity = self.flags.entity.as_deref().unwrap_or_else(|| entity_of(self.names.name(concept.domain)));
        builder.push(&Entry {
            term: term.to_string(),
            code: concept.code.to_string(),
            concept_id: Some(id),
            standard_concept_id: concept.standard,
            vocabulary: Some(self.names.name(concept.vocabulary).to_string()),
            entity: Some(entity.to_string()),
            language: language.map(String::from),
            preferred,
        })?;
        Ok(())
    }
}

/// The entity type of the bundled model for a domain; other domains are types of their own.
fn entity_of(domain: &str) -> &str {
    match domain {
        "Condition" => "DISEASE",
        "Drug" => "MEDICATION",
        "Procedure" => "PROCEDURE",
        other => other,
    }
}
