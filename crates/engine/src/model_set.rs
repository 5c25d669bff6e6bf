//! [`ModelSet`]: the models of an engine, and what of their work is shared.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use spanframe_core::{Merge, MergeWithin, Origin};
use spanframe_model::{ModelCard, digest_of};

use crate::{
    EngineError, EngineOptions, OptionError,
    catalogue::{self, Alias, Resolved},
    combined_card,
    loaded::{self, Loaded},
    model_choice::ModelChoice,
    options::Emulation,
    pipeline_file::{MemberOptions, PipelineFile},
    route::{Route, Run, UnknownLanguage, primary},
    settings::{self, Known, Settings},
};

/// One model, or a set of them in its order.
pub(crate) struct ModelSet {
    pub(crate) members: Vec<Member>,
    /// Ways in which texts are tokenized, each once.
    pub(crate) readings: Vec<Reading>,
    /// Inferences, each once.
    pub(crate) groups: Vec<Group>,
    /// What entities are called, by their kind: the kinds of the first member, then those of the second, and so on.
    pub(crate) names: Vec<String>,
    /// What their models are called, by kind; none where there is one model and no set.
    pub(crate) models: Option<Vec<String>>,
    pub(crate) origins: Vec<Origin>,
    pub(crate) merge: (Merge, MergeWithin),
    pub(crate) unknown_language: UnknownLanguage,
}

/// A model with its options.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) alias: Option<&'static Alias>,
    pub(crate) loaded: Arc<Loaded>,
    pub(crate) settings: Settings,
    /// Primary subtags of the languages that it takes where languages are told; all where `None`.
    pub(crate) languages: Option<BTreeSet<String>>,
    /// The first of its kinds among those of the set.
    pub(crate) first_kind: u16,
    /// Place of its group.
    group: usize,
    own: MemberOptions,
}

/// A way of tokenizing a text.
pub(crate) struct Reading {
    pub(crate) loaded: Arc<Loaded>,
    /// With words, because one of the models reads them.
    pub(crate) words: bool,
    /// As Spark NLP reads: most pieces, and whether capital letters make a difference.
    pub(crate) spark: Option<(usize, bool)>,
    /// Lines in capitals in lower case.
    pub(crate) lower_capitals: bool,
}

/// An inference: weights over windows.
pub(crate) struct Group {
    pub(crate) loaded: Arc<Loaded>,
    /// Place of its reading.
    reading: usize,
    /// Pieces a window, without special tokens.
    pub(crate) capacity: usize,
    pub(crate) stride: usize,
}

/// Who is a member, and the options of all.
pub(crate) fn members(options: &EngineOptions) -> Result<(Vec<MemberOptions>, EngineOptions), EngineError> {
    match &options.model {
        ModelChoice::One(name) => {
            let own = MemberOptions::of(name.as_deref().unwrap_or(spanframe_bundled::NAME));
            Ok((vec![own], options.clone()))
        }
        ModelChoice::List(names) => Ok((names.iter().map(|name| MemberOptions::of(name)).collect(), options.clone())),
        ModelChoice::File(path) => {
            let wrong = |e: OptionError| EngineError::Pipeline {
                path: path.display().to_string(),
                reason: format!("is wrong: {e}"),
            };
            let (own, typed) = PipelineFile::read(path)?.into_parts(&options.typed);
            let checked = EngineOptions::new(typed).map_err(wrong)?;
            let EngineOptions { merge, merge_within, unknown_language, .. } = checked;
            Ok((own, EngineOptions { merge, merge_within, unknown_language, ..options.clone() }))
        }
    }
}

impl ModelSet {
    /// Loads all members and checks their options.
    pub(crate) fn load(options: &EngineOptions) -> Result<Self, EngineError> {
        let is_set = options.model.is_set();
        let (own, options) = members(options)?;
        let mut set = Self {
            members: Vec::with_capacity(own.len()),
            readings: Vec::new(),
            groups: Vec::new(),
            names: Vec::new(),
            models: is_set.then(Vec::new),
            origins: Vec::new(),
            merge: (options.merge, options.merge_within),
            unknown_language: options.unknown_language,
        };
        let mut known = Vec::new();
        for own in own {
            let typed = own.model.clone();
            let added = set.add(own, &options, is_set);
            known.push(added.map_err(|e| match is_set {
                true => EngineError::Member { model: typed, source: Box::new(e) },
                false => e,
            })?);
        }
        settings::check_names(&options, &known)?;
        Ok(set)
    }

    /// Adds a member. Names in the options of the call are those that any of them knows.
    fn add(&mut self, own: MemberOptions, options: &EngineOptions, is_set: bool) -> Result<Known, EngineError> {
        let Resolved { files, alias } = catalogue::resolve(Some(&own.model))?;
        let name = own.name.clone().unwrap_or_else(|| alias.map_or_else(|| files.name(), |a| a.name.to_string()));
        if self.members.iter().any(|member| member.name == name) {
            return Err(EngineError::SameName { name });
        }
        let loaded = loaded::load(files, options)?;
        let mut effective = EngineOptions::new(own.over(&options.typed))?;
        let only = alias.map(|alias| alias.entity);
        let plan = settings::plan(&effective, &loaded.model)?;
        let known = plan.known(only);
        if is_set {
            settings::prune(&mut effective, &known, &own);
        }
        let settings = plan.settle(&effective, only)?;
        let first_kind = self.names.len();
        let kinds = settings.decoder.kinds();
        if u16::try_from(first_kind + kinds.len()).is_err() {
            let (value, allowed) =
                ("models of so many labels".to_string(), "those of at most 65535 in all".to_string());
            return Err(OptionError::OutOfRange { option: "model", value, allowed }.into());
        }
        for kind in kinds {
            let shown = effective.replace_labels.get(&kind.name).unwrap_or(&kind.name);
            let known = self.names.iter().position(|other| other == shown);
            let number = known.map_or(self.names.len() as u16, |kind| self.origins[kind].name);
            self.origins.push(Origin { model: self.members.len() as u16, name: number });
            self.names.push(shown.clone());
        }
        if let Some(models) = &mut self.models {
            models.resize(self.names.len(), name.clone());
        }
        let usual = || alias.map(|alias| BTreeSet::from([alias.language.to_string()]));
        let languages = own.languages.as_ref().map(|codes| codes.iter().map(|code| primary(code)).collect());
        let group = self.group(&loaded, &settings, options.emulate);
        self.members.push(Member {
            languages: languages.or_else(usual).filter(|_| is_set),
            first_kind: first_kind as u16,
            name,
            alias,
            loaded,
            settings,
            group,
            own,
        });
        Ok(known)
    }

    /// The group of a member, which may be that of members before.
    fn group(&mut self, loaded: &Arc<Loaded>, settings: &Settings, emulate: Option<Emulation>) -> usize {
        let Settings { capacity, stride, .. } = *settings;
        let words = settings.decoder.reads_words();
        let special = loaded.model.tokenizer.special_tokens();
        let spark = (emulate == Some(Emulation::SparkNlp)).then(|| (capacity + special, settings.cased));
        // who emulates another system reads what that reads
        let lower_capitals = loaded.model.config.lower_capitals && emulate.is_none();
        let same =
            |r: &Reading| r.loaded.same_tokenizer(loaded) && (r.spark, r.lower_capitals) == (spark, lower_capitals);
        let reading = self.readings.iter().position(same).unwrap_or_else(|| {
            self.readings.push(Reading { loaded: Arc::clone(loaded), words, spark, lower_capitals });
            self.readings.len() - 1
        });
        // the pieces are the same with words: who does not read those does not see them
        self.readings[reading].words |= words;
        let same =
            |g: &Group| (g.reading, g.capacity, g.stride) == (reading, capacity, stride) && g.loaded.same_model(loaded);
        self.groups.iter().position(same).unwrap_or_else(|| {
            self.groups.push(Group { loaded: Arc::clone(loaded), reading, capacity, stride });
            self.groups.len() - 1
        })
    }

    /// The way of a row through `members`, of which those that can find nothing are left out.
    pub(crate) fn route(&self, members: &[usize]) -> Route {
        let mut route = Route::default();
        for &i in members {
            let member = &self.members[i];
            if self.models.is_some() && !member.settings.wanted.contains(&true) {
                continue;
            }
            if let Some(run) = route.runs.iter_mut().find(|run| run.group == member.group) {
                run.members.push(i);
                continue;
            }
            let reading = self.groups[member.group].reading;
            let place = route.readings.iter().position(|&r| r == reading).unwrap_or_else(|| {
                route.readings.push(reading);
                route.readings.len() - 1
            });
            route.runs.push(Run { group: member.group, reading: place, members: vec![i] });
        }
        route
    }

    /// Refuses languages that nobody chooses by, and their absence where somebody does.
    pub(crate) fn check_language(&self, told: bool) -> Result<(), EngineError> {
        let conflict = |other, way_out| Err(OptionError::Conflict { option: "language", other, way_out }.into());
        if !told {
            let chooses = self.members.iter().find(|member| member.own.languages.is_some());
            return chooses.map_or(Ok(()), |m| Err(EngineError::LanguageMissing { model: m.name.clone() }));
        }
        if self.models.is_none() {
            return conflict("one model", "it takes all rows, leave the language out or give several models");
        }
        if self.members.iter().all(|member| member.languages.is_none()) {
            let way_out = "write `languages` to the models in a pipeline file, or leave the language out";
            return conflict("models that name no language", way_out);
        }
        Ok(())
    }

    /// The first member, on whose threads all work is done.
    pub(crate) fn first(&self) -> &Loaded {
        &self.members[0].loaded
    }

    /// Waits for the columns in progress of all members. In one order for all sets, so that none waits for another in a ring.
    ///
    /// # Errors
    /// [`EngineError::Forked`]: whoever held one before the fork never gives it back.
    pub(crate) fn turns(&self) -> Result<Vec<MutexGuard<'_, ()>>, EngineError> {
        self.members.iter().try_for_each(|member| member.loaded.check_process())?;
        let mut turns: Vec<&Mutex<()>> = self.members.iter().map(|member| &member.loaded.turn).collect();
        turns.sort_by_key(|&turn| std::ptr::from_ref(turn) as usize);
        turns.dedup_by(|a, b| std::ptr::eq(*a, *b));
        Ok(turns.into_iter().map(|turn| turn.lock().unwrap_or_else(PoisonError::into_inner)).collect())
    }

    /// SHA-256 over all that decides what is found, but for the options of the call: of one model that of its files.
    pub(crate) fn digest(&self) -> Result<String, EngineError> {
        if self.models.is_none() {
            return self.first().digest();
        }
        let mut parts = vec![format!("{:?} {:?}", self.merge, self.unknown_language)];
        for Member { name, loaded, own, languages, .. } in &self.members {
            // where it lies makes no difference
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
        combined_card::combined(cards.collect())
    }

    /// What entities are called and which of these names are given, each name once.
    pub(crate) fn types(&self) -> (Vec<String>, Vec<bool>) {
        let (mut types, mut kept): (Vec<String>, Vec<bool>) = (Vec::new(), Vec::new());
        let mut places: HashMap<&String, usize> = HashMap::new();
        for Member { settings, first_kind, .. } in &self.members {
            let kinds =
                self.names[usize::from(*first_kind)..].iter().zip(settings.decoder.kinds()).zip(&settings.wanted);
            // what is outside of all mentions is a type only if it is asked for
            for ((name, _), &keeps) in kinds.filter(|((_, kind), wanted)| kind.entity.is_some() || **wanted) {
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
