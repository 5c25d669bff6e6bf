//! `spanframe vocabulary build`, `show` and `search`.

mod athena;
mod build;
mod column;
mod left_out;
mod print;
mod table;

use spanframe_engine::option_check::fraction_or;
use spanframe_vocabulary::{Vocabulary, VocabularySet};

use crate::{
    console,
    error::CliError,
    flags::{SearchFlags, VocabularyCommand},
    text,
};

/// Does a command on vocabularies.
pub fn execute(command: &VocabularyCommand) -> Result<(), CliError> {
    match command {
        VocabularyCommand::Build(flags) => build::build(flags),
        VocabularyCommand::Show { path, json } => {
            let vocabulary = Vocabulary::open(path)?;
            console::print(&print::info(path, &vocabulary, *json))
        }
        VocabularyCommand::Search(flags) => search(flags),
    }
}

fn search(flags: &SearchFlags) -> Result<(), CliError> {
    let (top, least) = (flags.top, fraction_or(0.0)("least", Some(flags.least))?);
    let set = VocabularySet::open(&flags.vocabularies)?;
    let typed = text::read(Some(&flags.text))?;
    let mention = typed.trim();
    let entity = flags.entity.as_deref();
    if flags.explain {
        for (path, vocabulary) in flags.vocabularies.iter().zip(set.vocabularies()) {
            console::print(&print::explanation(path, &vocabulary.explain(mention, entity, top, least)))?;
        }
    }
    let matches = set.link(mention, entity, top, least);
    console::print(&match flags.json {
        true => print::json(&matches),
        false => print::table(&matches)?,
    })
}
