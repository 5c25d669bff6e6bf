//! [`Links`]: what the distinct mentions of a batch are linked to.

use std::{borrow::Cow, collections::HashMap};

use rayon::prelude::*;

use super::{Concept, Linker};

/// What a mention is linked to.
#[derive(Clone, Debug, Default)]
pub struct Link<'l> {
    /// The best concept; without values if none is near enough.
    pub concept: Concept<'l>,
    /// The best concepts, where a list of them is asked for.
    pub candidates: Option<Vec<Concept<'l>>>,
}

/// The links of distinct mentions, by their text and type.
#[derive(Debug)]
pub struct Links<'l> {
    places: HashMap<(Cow<'l, str>, &'l str), usize>,
    links: Vec<Option<Link<'l>>>,
}

impl<'l> Links<'l> {
    /// Links `mentions`, which are texts and types, each distinct one once.
    ///
    /// Works on the threads of the current rayon pool, which must not be the global one: its threads do not survive a
    /// fork.
    pub fn new(linker: &'l Linker, mentions: impl Iterator<Item = (Cow<'l, str>, &'l str)>) -> Self {
        let mut places = HashMap::new();
        for mention in mentions {
            let next = places.len();
            places.entry(mention).or_insert(next);
        }
        let mut distinct = vec![("", ""); places.len()];
        places.iter().for_each(|((chunk, entity), &place)| distinct[place] = (chunk, entity));
        let link = |&(chunk, entity): &(&str, &str)| linker.link(chunk, entity);
        let links = distinct.par_iter().map(link).collect();
        drop(distinct);
        Self { places, links }
    }

    /// The link of a mention; `None` if its type is not linked.
    pub fn get(&self, chunk: &str, entity: &str) -> Option<&Link<'l>> {
        let places: &HashMap<(Cow<'_, str>, &str), usize> = &self.places;
        places.get(&(Cow::Borrowed(chunk), entity)).and_then(|&place| self.links[place].as_ref())
    }
}
