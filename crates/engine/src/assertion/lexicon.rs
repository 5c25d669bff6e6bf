//! [`Lexicon`]: the cues of one language, read from TOML.
//!
//! ```toml
//! language = "en"
//!
//! [negated]
//! before = [{ cue = "no hint of", reach = 8, example = "No hint of [ischemia]." }]
//! ```

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;
use spanframe_core::{
    Named, Span,
    assertion::{Action, Attribute, Attributes, Direction, Rule, RuleSet, rule_set::RuleError},
};

use super::LexiconError;

/// Longest reach that a rule may have, in words.
const LONGEST_REACH: u32 = 1000;
/// Reach of a rule where neither it nor its file says another, in words.
const DEFAULT_REACH: u32 = 20;

/// The cues that come with spanframe, by language.
pub const BUNDLED: [(&str, &str); 3] = [
    ("en", include_str!("../../../../data/assertion/en.toml")),
    ("es", include_str!("../../../../data/assertion/es.toml")),
    ("it", include_str!("../../../../data/assertion/it.toml")),
];

/// The cues of one language, ready to match, with an example of each.
#[derive(Clone, Debug)]
pub struct Lexicon {
    /// Code of the language: `en`.
    pub language: String,
    /// The rules.
    pub rules: RuleSet,
    /// Where each rule stands in its file (`negated.before`) and its example, in the order of the rules.
    pub entries: Vec<Entry>,
}

/// What a lexicon says of a rule besides the rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The table that has it, such as `negated.before`.
    pub group: String,
    /// Entity types to which the rule does not apply: "negative" behind a test says nothing of the test.
    pub except: Vec<String>,
    /// A sentence with the entity in brackets, where there is one.
    pub example: Option<String>,
}

/// A file, as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LexiconFile {
    pub(crate) language: String,
    /// Whether these cues take the place of those that come with spanframe, instead of being added to them.
    #[serde(default)]
    pub(crate) replace: bool,
    #[serde(default)]
    reach: BTreeMap<String, u32>,
    #[serde(default)]
    negated: Sides,
    #[serde(default)]
    uncertain: Sides,
    #[serde(default)]
    historical: Sides,
    #[serde(default)]
    hypothetical: Sides,
    #[serde(default)]
    family: Sides,
    #[serde(default)]
    pseudo: Vec<Row>,
    #[serde(default)]
    terminator: BTreeMap<String, Vec<Row>>,
    #[serde(default)]
    heading: BTreeMap<String, Vec<Row>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sides {
    #[serde(default)]
    before: Vec<Row>,
    #[serde(default)]
    after: Vec<Row>,
    #[serde(default)]
    both: Vec<Row>,
    #[serde(default)]
    inside: Vec<Row>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    cue: String,
    reach: Option<u32>,
    list: Option<bool>,
    #[serde(default)]
    exact: bool,
    #[serde(default)]
    evidence: bool,
    #[serde(default)]
    inline: bool,
    #[serde(default)]
    except: Vec<String>,
    example: Option<String>,
}

/// The attribute of this name.
fn attribute(name: &str) -> Option<Attribute> {
    Attribute::named().find(|(known, _)| *known == name).map(|(_, attribute)| attribute)
}

impl LexiconFile {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`LexiconError::Read`] and [`LexiconError::Format`], with the line.
    pub(crate) fn read(path: &Path) -> Result<Self, LexiconError> {
        let shown = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, &shown),
            Err(source) => Err(LexiconError::Read { path: shown, source }),
        }
    }

    /// Reads `text`, which messages call `path`.
    pub(crate) fn parse(text: &str, path: &str) -> Result<Self, LexiconError> {
        toml::from_str(text).map_err(|e: toml::de::Error| {
            let line = e.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
            LexiconError::Format {
                path: path.to_string(),
                place: line.map_or(String::new(), |line| format!(" line {line}")),
                reason: e.message().replace('\n', " "),
            }
        })
    }

    /// The rules of the file with their entries, added to `rules`.
    fn add(self, path: &str, rules: &mut Vec<Rule>, entries: &mut Vec<Entry>) -> Result<(), LexiconError> {
        let mut add = |group: String, rows: Vec<Row>, action: &dyn Fn(&Row) -> Option<Action>| {
            for row in rows {
                let wrong = |reason| {
                    Err(LexiconError::Rule {
                        path: path.to_string(),
                        cue: row.cue.clone(),
                        group: group.clone(),
                        reason,
                    })
                };
                if row.cue.trim().is_empty() {
                    return wrong("is empty: write a word, or remove the row");
                }
                if row.reach.is_some_and(|reach| reach > LONGEST_REACH) {
                    return wrong("has a reach of more than 1000 words: give a smaller one");
                }
                if row.example.as_deref().is_some_and(|example| marked(example).is_none()) {
                    return wrong("has an example without an entity in brackets, such as `No [fever].`");
                }
                let Some(action) = action(&row) else {
                    return wrong(
                        "is in a table of no attribute: they are negated, uncertain, historical, hypothetical, family, and `all`",
                    );
                };
                rules.push(Rule { cue: row.cue, exact: row.exact, action });
                entries.push(Entry { group: group.clone(), except: row.except, example: row.example });
            }
            Ok(())
        };
        let sides = [self.negated, self.uncertain, self.historical, self.hypothetical, self.family];
        for (attribute, sides) in Attribute::ALL.into_iter().zip(sides) {
            let name = attribute.name();
            let usual = self.reach.get(name).copied().unwrap_or(DEFAULT_REACH);
            for (side, direction, rows) in [
                ("before", Direction::Before, sides.before),
                ("after", Direction::After, sides.after),
                ("both", Direction::Both, sides.both),
                ("inside", Direction::Inside, sides.inside),
            ] {
                let action = |row: &Row| {
                    let (reach, list) = (row.reach.unwrap_or(usual), row.list.unwrap_or(true));
                    Some(Action::Assert { attribute, direction, reach, list, evidence: row.evidence })
                };
                add(format!("{name}.{side}"), rows, &action)?;
            }
        }
        add("pseudo".to_string(), self.pseudo, &|_| Some(Action::Pseudo))?;
        for (name, rows) in self.terminator {
            add(format!("terminator.{name}"), rows, &|_| attributes(&name).map(Action::Terminate))?;
        }
        for (name, rows) in self.heading {
            let attributes = if name == "none" { Some(Attributes::NONE) } else { attributes(&name) };
            add(format!("heading.{name}"), rows, &|row| {
                attributes.map(|attributes| Action::Heading { attributes, inline: row.inline })
            })?;
        }
        Ok(())
    }
}

/// The attributes that a table of terminators or headings names: one, or `all`.
fn attributes(name: &str) -> Option<Attributes> {
    if name == "all" { Some(Attributes::EVERY) } else { attribute(name).map(|one| Attributes::NONE.with(one)) }
}

/// The text of an example without its brackets, and the entity in it.
#[must_use]
pub fn marked(example: &str) -> Option<(String, Span)> {
    let (before, rest) = example.split_once('[')?;
    let (entity, after) = rest.split_once(']')?;
    let span = Span::new(before.len(), before.len() + entity.len());
    (!entity.is_empty()).then(|| (format!("{before}{entity}{after}"), span))
}

impl Lexicon {
    /// The lexicon of `language`: the cues that come with spanframe, then those of `files` for this language. A file with
    /// `replace = true` takes the place of all before it. `None` if there are no cues for the language.
    ///
    /// # Errors
    /// [`LexiconError::Rule`].
    pub(crate) fn new(language: &str, files: &[(String, LexiconFile)]) -> Result<Option<Self>, LexiconError> {
        let bundled = BUNDLED.iter().find(|(code, _)| *code == language).map(|(code, text)| {
            let path = format!("{code}.toml");
            LexiconFile::parse(text, &path).map(|file| (path, file))
        });
        let own = files.iter().filter(|(_, file)| file.language == language).cloned();
        let mut used: Vec<(String, LexiconFile)> = bundled.transpose()?.into_iter().collect();
        for (path, file) in own {
            if file.replace {
                used.clear();
            }
            used.push((path, file));
        }
        if used.is_empty() {
            return Ok(None);
        }
        let (mut rules, mut entries) = (Vec::new(), Vec::new());
        let path = used.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>().join(", ");
        for (path, file) in used {
            file.add(&path, &mut rules, &mut entries)?;
        }
        let rules = RuleSet::new(rules).map_err(|e: RuleError| LexiconError::Format {
            path,
            place: String::new(),
            reason: e.to_string(),
        })?;
        Ok(Some(Self { language: language.to_string(), rules, entries }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanframe_core::assertion::{assess, reasons};

    /// Every example shows what its rule does: the entity in brackets has the attribute by this rule, or does not have it
    /// because of it.
    #[test]
    fn every_rule_does_what_its_example_shows() {
        for (language, _) in BUNDLED {
            let lexicon = Lexicon::new(language, &[]).unwrap().unwrap();
            for (index, (rule, entry)) in lexicon.rules.rules().iter().zip(&lexicon.entries).enumerate() {
                let example =
                    entry.example.as_deref().unwrap_or_else(|| panic!("{language}: {} has no example", rule.cue));
                let (text, span) = marked(example).unwrap();
                let found = reasons(&text, &[span], &lexicon.rules, |_, _| true);
                let given = |attribute| found.iter().any(|r| r.attribute == attribute && r.rule == index);
                let has = |attribute| assess(&text, &[span], &lexicon.rules)[0].contains(attribute);
                let holds = match rule.action {
                    Action::Assert { attribute, .. } => given(attribute),
                    Action::Heading { attributes, .. } if attributes.is_empty() => !Attribute::ALL.into_iter().any(has),
                    Action::Heading { attributes, .. } => attributes.iter().all(given),
                    Action::Terminate(attributes) => !attributes.iter().any(has),
                    Action::Pseudo => {
                        !has(Attribute::Negated) && !has(Attribute::Family) && !has(Attribute::Historical)
                    }
                };
                assert!(holds, "{language} {}: {} in `{example}`", entry.group, rule.cue);
            }
        }
    }

    #[test]
    fn own_rules_are_added_or_take_the_place_of_all() {
        let file = |text: &str| vec![("own.toml".to_string(), LexiconFile::parse(text, "own.toml").unwrap())];
        let negated = |lexicon: Lexicon, text: &str, begin, end| {
            assess(text, &[Span::new(begin, end)], &lexicon.rules)[0].contains(Attribute::Negated)
        };
        let added = file("language = \"en\"\n[negated]\nbefore = [{ cue = \"nary a\" }]");
        let lexicon = Lexicon::new("en", &added).unwrap().unwrap();
        assert!(negated(lexicon.clone(), "Nary a fever.", 7, 12) && negated(lexicon, "No fever.", 3, 8));
        let alone = file("language = \"en\"\nreplace = true\n[negated]\nbefore = [{ cue = \"nary a\" }]");
        let lexicon = Lexicon::new("en", &alone).unwrap().unwrap();
        assert!(negated(lexicon.clone(), "Nary a fever.", 7, 12) && !negated(lexicon, "No fever.", 3, 8));
        assert!(Lexicon::new("fr", &[]).unwrap().is_none());
        assert!(
            Lexicon::new("fr", &file("language = \"fr\"\n[negated]\nbefore = [{ cue = \"pas de\" }]"))
                .unwrap()
                .is_some()
        );
    }

    #[test]
    fn a_bad_rule_is_named() {
        let check = |text: &str, expect: &str| {
            let file = LexiconFile::parse(text, "own.toml");
            let error = file.and_then(|file| Lexicon::new("en", &[("own.toml".to_string(), file)])).unwrap_err();
            assert!(error.to_string().contains(expect), "{error}");
        };
        check("language = \"en\"\n[negatd]\nbefore = []", "line 2");
        check("[negated]\nbefore = []", "missing field `language`");
        check("language = \"en\"\n[negated]\nbefore = [{ cue = \" \" }]", "the cue ` ` in `negated.before` is empty");
        check("language = \"en\"\n[negated]\nbefore = [{ cue = \"nary\", reach = 2000 }]", "more than 1000 words");
        check("language = \"en\"\n[negated]\nbefore = [{ cue = \"nary\", example = \"x\" }]", "entity in brackets");
        check("language = \"en\"\n[terminator]\nnegate = [{ cue = \"nary\" }]", "table of no attribute");
    }
}
