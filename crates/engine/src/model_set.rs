//! [`ModelSet`]: the models of an engine, and the tokenizers and inferences that they share.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use spanframe_core::{MergeRule, Origin, capitals::Capitals};
use spanframe_model::{ModelCard, digest_of};

use crate::{
    EngineError, EngineOptions, OptionError, card,
    catalogue::{self, Alias, Resolved},
    language::{OTHER, UnknownLanguage, primary},
    loaded::{self, Loaded},
    options::Emulation,
    pipeline_file::MemberOptions,
    route::{Route, Run},
    settings::{self, KnownNames, MemberSettings, WindowLimits},
};

/// One model, or several in their order.
pub(crate) struct ModelSet {
    pub(crate) members: Vec<Member>,
    /// Each way to encode a text, once.
    pub(crate) tokenizers: Vec<SharedTokenizer>,
    /// Each inference, once.
    pub(crate) inferences: Vec<SharedInference>,
    /// Entity types in the output, by kind: the kinds of the first member, then those of the second, and so on.
    pub(crate) names: Vec<String>,
    /// Names of the models by kind. `None` for one model outside of a set.
    pub(crate) models: Option<Vec<String>>,
    /// For merging, by kind.
    pub(crate) origins: Vec<Origin>,
    pub(crate) merge: MergeRule,
    pub(crate) unknown_language: UnknownLanguage,
}

/// A model with its options.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) alias: Option<&'static Alias>,
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) settings: MemberSettings,
    /// Primary subtags of the languages that it reads, or [`OTHER`]. `None` for all.
    pub(crate) languages: Option<BTreeSet<String>>,
    /// Languages that rows may have because of it. It reads rows of these languages, and maybe of more.
    pub(crate) known: BTreeSet<String>,
    /// The first of its kinds among those of the set.
    pub(crate) first_kind: u16,
    /// Index of its inference.
    inference: usize,
    own: MemberOptions,
}

impl Member {
    /// True if it reads rows of the language `code`. `is_named` is true if a model names the language.
    pub(crate) fn reads(&self, code: &str, is_named: bool) -> bool {
        self.languages.as_ref().is_none_or(|own| own.contains(code) || (!is_named && own.contains(OTHER)))
    }
}

/// A way to encode a text, for all members that encode alike.
pub(crate) struct SharedTokenizer {
    pub(crate) loaded: Arc<Loaded>,
    /// True if a member needs word boundaries. They never change tokens, so others may share this encoding.
    pub(crate) with_words: bool,
    /// Set if Spark NLP is emulated.
    pub(crate) spark: Option<SparkLimits>,
    /// What in capitals is read in lower case.
    pub(crate) capitals: Option<Capitals>,
}

/// How Spark NLP encodes a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SparkLimits {
    /// Most tokens, special tokens included.
    pub(crate) max_length: usize,
    /// False if words are lower-cased first.
    pub(crate) is_cased: bool,
}

/// An inference, weights over windows, for all members that have both.
pub(crate) struct SharedInference {
    pub(crate) loaded: Arc<Loaded>,
    /// Index of its tokenizer.
    tokenizer: usize,
    /// Most tokens of a window, without special tokens.
    pub(crate) capacity: usize,
    pub(crate) stride: usize,
}

impl ModelSet {
    /// Loads the members `own` and checks their options.
    pub(crate) fn load(own: Vec<MemberOptions>, options: &EngineOptions) -> Result<Self, EngineError> {
        let is_set = options.model.is_set();
        let mut set = Self {
            members: Vec::with_capacity(own.len()),
            tokenizers: Vec::new(),
            inferences: Vec::new(),
            names: Vec::new(),
            models: is_set.then(Vec::new),
            origins: Vec::new(),
            merge: MergeRule { merge: options.merge, within: options.merge_within },
            unknown_language: options.unknown_language,
        };
        let mut known = Vec::new();
        for own in own {
            let typed = own.model.clone();
            let added = set.add(own, options, is_set);
            known.push(added.map_err(|e| match is_set {
                true => EngineError::Member { model: typed, source: Box::new(e) },
                false => e,
            })?);
        }
        settings::check_names(options, &known)?;
        Ok(set)
    }

    /// Adds a member. Names in the options of the call may be those of any member.
    fn add(&mut self, own: MemberOptions, options: &EngineOptions, is_set: bool) -> Result<KnownNames, EngineError> {
        let Resolved { files, alias } = catalogue::resolve(Some(&own.model))?;
        let name = own.name.clone().unwrap_or_else(|| alias.map_or_else(|| files.name(), |a| a.name.to_string()));
        if self.members.iter().any(|member| member.name == name) {
            return Err(EngineError::SameName { name });
        }
        let loaded = loaded::load(files, options)?;
        let mut effective = EngineOptions::new(own.over(&options.typed))?;
        let only = alias.map(|alias| alias.entity);
        let unchecked = settings::resolve(&effective, &loaded.model)?;
        let known = unchecked.known(only);
        if is_set {
            settings::prune(&mut effective, &known, &own);
        }
        let settings = unchecked.check(&effective, only)?;
        let first_kind = self.add_kinds(&settings, &effective, &name)?;
        let usual = || alias.map(|alias| BTreeSet::from([alias.language.to_string()]));
        let languages = own.languages.as_ref().map(|codes| codes.iter().map(|code| primary(code)).collect());
        let languages = languages.or_else(usual).filter(|_| is_set);
        let known_languages = match &languages {
            Some(own) => own.iter().filter(|code| *code != OTHER).cloned().collect(),
            // by its name and not by its files, whose languages nobody vouches for
            None if own.model == catalogue::BUNDLED => {
                loaded.model.card().languages.iter().map(|code| primary(code)).collect()
            }
            None => BTreeSet::new(),
        };
        let inference = self.inference(&loaded, &settings, options.emulate);
        self.members.push(Member {
            languages,
            known: known_languages,
            first_kind,
            name,
            alias,
            loaded,
            settings,
            inference,
            own,
        });
        Ok(known)
    }

    /// Adds the kinds of the next member, which is called `model`, and gives the number of the first.
    fn add_kinds(
        &mut self, settings: &MemberSettings, options: &EngineOptions, model: &str,
    ) -> Result<u16, EngineError> {
        let first_kind = self.names.len();
        let kinds = settings.decoder.entity_types();
        if u16::try_from(first_kind + kinds.len()).is_err() {
            let (value, allowed) =
                ("models with that many labels".to_string(), "models with at most 65,535 labels together".to_string());
            return Err(OptionError::OutOfRange { option: "model", value, allowed }.into());
        }
        for kind in kinds {
            let shown = options.replace_labels.get(&kind.name).unwrap_or(&kind.name);
            let known = self.names.iter().position(|other| other == shown);
            let number = known.map_or(self.names.len() as u16, |kind| self.origins[kind].name);
            self.origins.push(Origin { model: self.members.len() as u16, name: number });
            self.names.push(shown.clone());
        }
        if let Some(models) = &mut self.models {
            models.resize(self.names.len(), model.to_string());
        }
        Ok(first_kind as u16)
    }

    /// The inference of the next member, which members before may share.
    fn inference(&mut self, loaded: &Arc<Loaded>, settings: &MemberSettings, emulate: Option<Emulation>) -> usize {
        let WindowLimits { capacity, stride } = settings.limits;
        let tokenizer = self.tokenizer(loaded, settings, emulate);
        let is_same = |other: &SharedInference| {
            (other.tokenizer, other.capacity, other.stride) == (tokenizer, capacity, stride)
                && other.loaded.same_model(loaded)
        };
        self.inferences.iter().position(is_same).unwrap_or_else(|| {
            self.inferences.push(SharedInference { loaded: Arc::clone(loaded), tokenizer, capacity, stride });
            self.inferences.len() - 1
        })
    }

    /// The tokenizer of the next member, which members before may share.
    fn tokenizer(&mut self, loaded: &Arc<Loaded>, settings: &MemberSettings, emulate: Option<Emulation>) -> usize {
        let with_words = settings.decoder.reads_words();
        let spark = (emulate == Some(Emulation::SparkNlp)).then(|| SparkLimits {
            max_length: settings.limits.capacity + loaded.model.tokenizer.special_tokens(),
            is_cased: settings.cased,
        });
        // an emulation reads the text as the emulated system does
        let capitals = loaded.model.config.capitals.filter(|_| emulate.is_none());
        let is_same = |other: &SharedTokenizer| {
            other.loaded.same_tokenizer(loaded) && (other.spark, other.capitals) == (spark, capitals)
        };
        let tokenizer = self.tokenizers.iter().position(is_same).unwrap_or_else(|| {
            self.tokenizers.push(SharedTokenizer { loaded: Arc::clone(loaded), with_words, spark, capitals });
            self.tokenizers.len() - 1
        });
        self.tokenizers[tokenizer].with_words |= with_words;
        tokenizer
    }

    /// The route of a row that `members` read. Members that can find nothing are left out.
    pub(crate) fn route(&self, members: &[usize]) -> Route {
        let mut route = Route::default();
        for &i in members {
            let member = &self.members[i];
            if self.models.is_some() && !member.settings.wanted.contains(&true) {
                continue;
            }
            if let Some(run) = route.runs.iter_mut().find(|run| run.inference == member.inference) {
                run.members.push(i);
                continue;
            }
            let shared = self.inferences[member.inference].tokenizer;
            let tokenizer = route.tokenizers.iter().position(|&other| other == shared).unwrap_or_else(|| {
                route.tokenizers.push(shared);
                route.tokenizers.len() - 1
            });
            route.runs.push(Run { inference: member.inference, tokenizer, members: vec![i] });
        }
        route
    }

    /// True if it is a set in which a model names languages. A single model reads the rows of all languages.
    pub(crate) fn has_languages(&self) -> bool {
        let names_any = |member: &Member| member.languages.is_some() || !member.known.is_empty();
        self.models.is_some() && self.members.iter().any(names_any)
    }

    /// Refuses languages of rows if nothing depends on them, and missing languages if a model does. `assertion` depends on
    /// them, but finds missing ones itself.
    pub(crate) fn check_language(&self, is_given: bool, assertion: bool) -> Result<(), EngineError> {
        let conflict = |other, way_out| Err(OptionError::Conflict { option: "language", other, way_out }.into());
        if !is_given {
            let chooses = self.members.iter().find(|member| member.own.languages.is_some());
            return chooses.map_or(Ok(()), |m| Err(EngineError::LanguageMissing { model: m.name.clone() }));
        }
        if assertion {
            return Ok(());
        }
        if self.models.is_none() {
            return conflict("one model", "it takes all rows, leave the language out or give several models");
        }
        if !self.has_languages() {
            let way_out = "write `languages` to the models in a pipeline file, or leave the language out";
            return conflict("models that name no language", way_out);
        }
        Ok(())
    }

    /// The first member's model. All work is done on its thread pool.
    pub(crate) fn first(&self) -> &Loaded {
        &self.members[0].loaded
    }

    /// Waits until no other call works with a model of the set. All sets lock in one order, so that no two wait for
    /// each other.
    ///
    /// # Errors
    /// [`EngineError::Forked`]: a lock held at the time of a fork is never released in the child.
    pub(crate) fn lock(&self) -> Result<Vec<MutexGuard<'_, ()>>, EngineError> {
        self.members.iter().try_for_each(|member| member.loaded.check_process())?;
        let mut locks: Vec<&Mutex<()>> = self.members.iter().map(|member| &member.loaded.in_use).collect();
        locks.sort_by_key(|&lock| std::ptr::from_ref(lock) as usize);
        locks.dedup_by(|a, b| std::ptr::eq(*a, *b));
        Ok(locks.into_iter().map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner)).collect())
    }

    /// SHA-256 over all that decides what is found, but for the options of the call. For one model, that of its files.
    ///
    /// Jobs are resumed by this digest, so its input must not change.
    pub(crate) fn digest(&self) -> Result<String, EngineError> {
        if self.models.is_none() {
            return self.first().digest();
        }
        let mut parts = vec![format!("{:?} {:?}", (self.merge.merge, self.merge.within), self.unknown_language)];
        for Member { name, loaded, own, languages, .. } in &self.members {
            // the same model in another folder has the same digest
            let own = MemberOptions { model: String::new(), name: None, ..own.clone() };
            let own = serde_json::to_string(&own).map_err(|e| EngineError::Internal(e.to_string()))?;
            parts.extend([name.clone(), loaded.digest()?, format!("{languages:?}"), own]);
        }
        Ok(digest_of(parts.iter().map(String::as_str)))
    }

    /// The card of the only member, or of the set.
    pub(crate) fn card(&self) -> ModelCard {
        let cards = self.members.iter().map(|member| {
            let card = catalogue::restrict(member.loaded.model.card(), member.alias);
            if self.models.is_some() { ModelCard { name: member.name.clone(), ..card } } else { card }
        });
        card::combined(cards.collect())
    }

    /// Entity types in the output, each once, with true for those that a member keeps.
    pub(crate) fn types(&self) -> (Vec<String>, Vec<bool>) {
        let (mut types, mut kept): (Vec<String>, Vec<bool>) = (Vec::new(), Vec::new());
        let mut places: HashMap<&String, usize> = HashMap::new();
        for Member { settings, first_kind, .. } in &self.members {
            let kinds = self.names[usize::from(*first_kind)..]
                .iter()
                .zip(settings.decoder.entity_types())
                .zip(&settings.wanted);
            // `O` is a type only where it is wanted
            for ((name, _), &keeps) in kinds.filter(|((_, kind), wanted)| kind.label_type.is_some() || **wanted) {
                let place = *places.entry(name).or_insert(types.len());
                if place == types.len() {
                    types.push(name.clone());
                    kept.push(false);
                }
                kept[place] |= keeps;
            }
        }
        (types, kept)
    }
}
