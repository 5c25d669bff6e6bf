//! Options: as they were typed ([`RawOptions`]) and as they were understood ([`EngineOptions`]).

use std::{num::NonZeroUsize, path::PathBuf, thread};

use serde::Deserialize;
use spanframe_core::AggregationStrategy;
use spanframe_model::{Device, RuntimeSearch};

use crate::{Layout, Offsets};

/// Most padded tokens in a batch, by default: more brings nothing on a processor, whose caches it leaves.
pub const DEFAULT_BATCH_TOKENS: usize = 1024;

/// Options as a user types them, by the same names in Python, on the command line and here. All may be left out.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawOptions {
    /// A model folder, an `.onnx` file in one, or a name in the [catalogue](crate::catalogue).
    pub model: Option<String>,
    /// Entity types to keep, by name; all where left out.
    pub entities: Option<Vec<String>>,
    /// Least confidence of an entity, 0 to 1.
    pub threshold: Option<f64>,
    /// `simple`, `first`, `average` or `max`; the model's own decoder where left out.
    pub aggregation_strategy: Option<String>,
    /// Most tokens a window, special tokens included; what the model was made for where left out.
    pub max_length: Option<i64>,
    /// Tokens that windows of one long sentence share; a quarter of a window where left out.
    pub stride: Option<i64>,
    /// Most tokens a batch, padding included.
    pub batch_tokens: Option<i64>,
    /// `struct_of_lists` or `list_of_structs`.
    pub layout: Option<String>,
    /// `char`, `byte` or `spark`.
    pub offsets: Option<String>,
    /// `cpu`, `cuda` or `cuda:N`.
    pub device: Option<String>,
    /// Batches that run at once; one a core where left out (one on a GPU).
    pub sessions: Option<i64>,
    /// Threads within one batch.
    pub intra_threads: Option<i64>,
    /// Path of the ONNX Runtime library.
    pub onnxruntime: Option<PathBuf>,
}

/// Options, understood and checked as far as that goes without the model.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineOptions {
    /// Path or name; `None` for the bundled model.
    pub model: Option<String>,
    /// Types to keep.
    pub entities: Option<Vec<String>>,
    /// Least confidence.
    pub threshold: f32,
    /// Instead of the model's own decoder.
    pub aggregation_strategy: Option<AggregationStrategy>,
    /// Most tokens a window.
    pub max_length: Option<usize>,
    /// Tokens shared by windows of a long sentence.
    pub stride: Option<usize>,
    /// Most tokens a batch.
    pub batch_tokens: usize,
    /// Of the output.
    pub layout: Layout,
    /// Of the output.
    pub offsets: Offsets,
    /// Where inference runs.
    pub device: Device,
    /// Batches at once.
    pub sessions: usize,
    /// Threads within a batch.
    pub intra_threads: usize,
    /// Where ONNX Runtime is looked for.
    pub runtime: RuntimeSearch,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self::new(RawOptions::default()).expect("the defaults are valid")
    }
}

/// An option that cannot be used: which, what it was, and what it may be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionError {
    /// No option has this name.
    #[error("there is no option `{name}`{}", suggestion(.nearest))]
    UnknownName {
        /// As typed.
        name: String,
        /// The most similar option.
        nearest: Option<String>,
    },
    /// A value that is not one of a list.
    #[error("option `{option}` cannot be `{value}`{}; it may be {allowed}", suggestion(.nearest))]
    UnknownValue {
        /// Name of the option.
        option: &'static str,
        /// As typed.
        value: String,
        /// The most similar value.
        nearest: Option<String>,
        /// All values, with commas.
        allowed: String,
    },
    /// A number out of its range.
    #[error("option `{option}` cannot be {value}; it may be {allowed}")]
    OutOfRange {
        /// Name of the option.
        option: &'static str,
        /// As typed.
        value: String,
        /// The range.
        allowed: String,
    },
}

fn suggestion(nearest: &Option<String>) -> String {
    nearest.as_ref().map_or(String::new(), |n| format!("; did you mean `{n}`?"))
}

/// The most similar of `known`, if any is similar.
fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let similarity = |candidate: &str| strsim::jaro_winkler(&candidate.to_lowercase(), &name.to_lowercase());
    known
        .into_iter()
        .map(|candidate| (similarity(candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate.to_string())
}

/// Looks `value` up among `names`.
///
/// # Errors
/// [`OptionError::UnknownValue`] with the nearest name.
pub(crate) fn choose<'a, T>(
    option: &'static str, value: &str, names: impl IntoIterator<Item = (&'a str, T)>,
) -> Result<T, OptionError> {
    let mut known = Vec::new();
    for (name, meaning) in names {
        if name == value {
            return Ok(meaning);
        }
        known.push(name);
    }
    Err(OptionError::UnknownValue {
        option,
        value: value.to_string(),
        nearest: nearest(value, known.iter().copied()),
        allowed: known.join(", "),
    })
}

/// A whole number of at least `least`.
fn whole(option: &'static str, value: Option<i64>, least: usize) -> Result<Option<usize>, OptionError> {
    let Some(value) = value else { return Ok(None) };
    let checked = usize::try_from(value).ok().filter(|&n| n >= least);
    checked.map(Some).ok_or_else(|| OptionError::OutOfRange {
        option,
        value: value.to_string(),
        allowed: format!("a whole number from {least}"),
    })
}

impl EngineOptions {
    /// Names of all options, in the order of [`RawOptions`].
    pub const NAMES: [&'static str; 13] = [
        "model",
        "entities",
        "threshold",
        "aggregation_strategy",
        "max_length",
        "stride",
        "batch_tokens",
        "layout",
        "offsets",
        "device",
        "sessions",
        "intra_threads",
        "onnxruntime",
    ];

    /// Understands and checks what was typed. Nothing is read or loaded.
    ///
    /// # Errors
    /// [`OptionError`] that names the option, its value and what it may be.
    ///
    /// ```
    /// # use spanframe_engine::{EngineOptions, RawOptions};
    /// let raw = RawOptions { offsets: Some("sparc".into()), ..RawOptions::default() };
    /// let message = EngineOptions::new(raw).unwrap_err().to_string();
    /// assert_eq!(message, "option `offsets` cannot be `sparc`; did you mean `spark`?; it may be char, byte, spark");
    /// ```
    pub fn new(raw: RawOptions) -> Result<Self, OptionError> {
        let threshold = raw.threshold.unwrap_or(0.0);
        if !(0.0..=1.0).contains(&threshold) {
            let allowed = "a number from 0 to 1".to_string();
            return Err(OptionError::OutOfRange { option: "threshold", value: threshold.to_string(), allowed });
        }
        let device: Device = match raw.device.as_deref() {
            None => Device::Cpu,
            Some(name) => name.parse().map_err(|_| OptionError::UnknownValue {
                option: "device",
                value: name.to_string(),
                nearest: nearest(name, ["cpu", "cuda"]),
                allowed: "cpu, cuda, cuda:N".to_string(),
            })?,
        };
        let intra_threads = whole("intra_threads", raw.intra_threads, 1)?.unwrap_or(1);
        let sessions = whole("sessions", raw.sessions, 1)?.unwrap_or(match device {
            Device::Cpu => (available_threads() / intra_threads).max(1),
            Device::Cuda(_) => 1,
        });
        let strategy = raw.aggregation_strategy.as_deref();
        Ok(Self {
            model: raw.model,
            entities: raw.entities,
            threshold: threshold as f32,
            aggregation_strategy: strategy
                .map(|name| choose("aggregation_strategy", name, AggregationStrategy::NAMES))
                .transpose()?,
            max_length: whole("max_length", raw.max_length, 1)?,
            stride: whole("stride", raw.stride, 0)?,
            batch_tokens: whole("batch_tokens", raw.batch_tokens, 1)?.unwrap_or(DEFAULT_BATCH_TOKENS),
            layout: raw.layout.map_or(Ok(Layout::default()), |name| choose("layout", &name, Layout::NAMES))?,
            offsets: raw.offsets.map_or(Ok(Offsets::default()), |name| choose("offsets", &name, Offsets::NAMES))?,
            device,
            sessions,
            intra_threads,
            runtime: RuntimeSearch { explicit: raw.onnxruntime, python: None },
        })
    }

    /// Refuses a name that is no option.
    ///
    /// # Errors
    /// [`OptionError::UnknownName`] with the nearest name.
    pub fn check_name(name: &str) -> Result<(), OptionError> {
        if Self::NAMES.contains(&name) {
            return Ok(());
        }
        Err(OptionError::UnknownName { name: name.to_string(), nearest: nearest(name, Self::NAMES) })
    }
}

/// Threads that this process may use: the affinity mask and the cgroup's quota are heeded.
#[must_use]
pub fn available_threads() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
