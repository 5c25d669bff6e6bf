//! The flags of `spanframe model`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Show what a model is and finds, and its authors' card
    Show {
        /// Model folder, .onnx file in one, or a name of model list [default: the bundled model]
        model: Option<String>,
    },
    /// List the models that have a name, with their scores
    List {
        /// Print a JSON array instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Install a model from a folder, an archive or the Hugging Face hub
    ///
    /// The model is opened and run once before it is installed into SPANFRAME_HOME/models, with a manifest of its files
    /// and their hashes. After a failure nothing of it remains. Reads HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE.
    Add(AddFlags),
    /// Install a model that Spark NLP saved: a token classifier of the ONNX engine, alone or in a pipeline
    Import(ImportFlags),
    /// Export a Hugging Face checkpoint to a model folder, and check it against torch
    ///
    /// Needs the Python package with its extra: pip install 'spanframe[export]'. On a sample of texts the logits of the
    /// ONNX file are compared with torch's, and the entities of smaller files with those of the fp32 file.
    Export(ExportFlags),
    /// Write a model to an archive, for a machine without a network
    Pack {
        /// Installed name or model folder
        model: String,
        /// File to write: .tar.gz, .tgz or .zip
        archive: PathBuf,
    },
    /// Remove an installed model
    Remove {
        /// Installed name
        name: String,
    },
    /// Check the files of a model against its manifest
    Verify {
        /// Installed name or model folder
        model: String,
    },
}

#[derive(Debug, Args)]
pub struct AddFlags {
    /// Model folder, .onnx file in one, .zip or .tar.gz archive, or hf:org/name[@revision]
    pub source: String,
    /// Install under this name [default: the name of the source]
    #[arg(long)]
    pub name: Option<String>,
    /// Replace the installed model of that name
    #[arg(long)]
    pub replace: bool,
    /// Print only errors and the result
    #[arg(short, long)]
    pub quiet: bool,
    /// Load ONNX Runtime from this path [default: ORT_DYLIB_PATH, the Python environment, the system]
    #[arg(long, value_name = "PATH")]
    pub onnxruntime: Option<PathBuf>,
    #[command(flatten)]
    pub hub: HubFlags,
}

/// Settings of the hub. Each takes precedence over its environment variable.
#[derive(Debug, Args)]
#[command(next_help_heading = "Hub options")]
pub struct HubFlags {
    /// URL of the hub [default: HF_ENDPOINT, else https://huggingface.co]
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// Read the token from this file [default: HF_TOKEN]
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Do not connect to the hub; HF_HUB_OFFLINE=1 does the same
    #[arg(long)]
    pub offline: bool,
}

#[derive(Debug, Args)]
pub struct ExportFlags {
    /// Checkpoint folder (config.json, a tokenizer, weights), or a model folder to add smaller files to
    pub checkpoint: PathBuf,
    /// Folder to create; it must not exist
    pub folder: PathBuf,
    /// Also write a smaller file, and measure how far it agrees. Separate several with commas
    #[arg(long, value_delimiter = ',', value_name = "PRECISION")]
    pub precision: Vec<Precision>,
    /// Compare on the notes of this file, in any format of annotate [default: six short texts in three languages]
    #[arg(long, value_name = "FILE")]
    pub sample: Option<PathBuf>,
    /// Column of the notes in the sample
    #[arg(long, value_name = "COLUMN", default_value = "note", requires = "sample")]
    pub column: String,
    /// Compare on at most this many notes of the sample, from its beginning
    #[arg(long, value_name = "N", default_value_t = 200, requires = "sample")]
    pub limit: usize,
}

/// The precision of a smaller ONNX file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Precision {
    /// 16-bit floats for weights and computation, for devices that compute in them
    Fp16,
    /// 8-bit weights; computation in 32-bit floats
    Int8,
}

#[derive(Debug, Args)]
pub struct ImportFlags {
    /// Folder that Spark NLP saved, or a .zip or .tar.gz archive of it
    pub path: PathBuf,
    /// Install under this name [default: the name of the folder]
    #[arg(long)]
    pub name: Option<String>,
    /// Replace the installed model of that name
    #[arg(long)]
    pub replace: bool,
    /// Load ONNX Runtime from this path [default: ORT_DYLIB_PATH, the Python environment, the system]
    #[arg(long, value_name = "PATH")]
    pub onnxruntime: Option<PathBuf>,
}
