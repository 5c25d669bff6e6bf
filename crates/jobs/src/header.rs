//! [`JobHeader`]: the settings that the outputs of a job may have. The ledger keeps it as `job.json`.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::output_settings::OutputSettings;

/// When a job began, and which settings its outputs may have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobHeader {
    /// Seconds since 1970 UTC.
    pub time: i64,
    /// Settings of the outputs that are written from now on.
    pub settings: OutputSettings,
    /// Digests of earlier settings whose outputs stay (`on_change=keep`).
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub kept: BTreeSet<String>,
    /// Digests of earlier settings whose outputs are replaced (`on_change=redo`). They are stored before the first
    /// output is replaced, so that a run that is killed meanwhile goes on replacing.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub redone: BTreeSet<String>,
}

impl JobHeader {
    /// The header of a new job.
    #[must_use]
    pub fn new(time: i64, settings: OutputSettings) -> Self {
        Self { time, settings, kept: BTreeSet::new(), redone: BTreeSet::new() }
    }

    /// True if outputs written with this settings digest still belong to the job.
    #[must_use]
    pub fn accepts(&self, digest: &str) -> bool {
        self.settings.digest() == digest || self.kept.contains(digest)
    }

    /// Changes the settings and keeps the outputs written so far.
    #[must_use]
    pub fn keep(mut self, settings: &OutputSettings) -> Self {
        self.kept.insert(self.settings.digest());
        self.with_settings(settings)
    }

    /// Changes the settings and replaces the outputs written so far.
    #[must_use]
    pub fn redo(mut self, settings: &OutputSettings) -> Self {
        self.redone.insert(self.settings.digest());
        self.redone.append(&mut self.kept);
        self.with_settings(settings)
    }

    fn with_settings(mut self, settings: &OutputSettings) -> Self {
        let digest = settings.digest();
        self.kept.remove(&digest);
        self.redone.remove(&digest);
        self.settings = settings.clone();
        self
    }
}
