//! The flags of `spanframe model`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Print what a model is, what it finds, and the card of its authors
    Show {
        /// Model folder, .onnx file in one, or a name that `model list` shows; the bundled model where left out
        model: Option<String>,
    },
    /// List the models that have a name, with their scores
    List {
        /// Print a JSON array instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Install a model: a copy of a folder or archive, or one of the Hugging Face hub
    ///
    /// The model is opened and run once before it is shown. It lies in SPANFRAME_HOME/models, with a manifest of its files
    /// and their hashes; whatever fails, nothing of it stays. HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are read.
    Add(AddFlags),
    /// Install what Spark NLP saved: a token classifier of the ONNX engine, alone or in a pipeline
    Import(ImportFlags),
    /// Make a model folder of a Hugging Face checkpoint, checked against torch
    ///
    /// Needs the Python package with its extra: `pip install 'spanframe[export]'`. Logits of the ONNX file are compared with
    /// torch's on a sample of texts, and the entities of smaller files with those of the fp32 one.
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
    /// Compare the files of a model with its manifest
    Verify {
        /// Installed name or model folder
        model: String,
    },
}

#[derive(Debug, Args)]
pub struct AddFlags {
    /// Model folder, .onnx file in one, .zip or .tar.gz archive, or hf:org/name[@revision]
    pub source: String,
    /// Name to give it; that of the source where left out
    #[arg(long)]
    pub name: Option<String>,
    /// Replace the installed model of that name
    #[arg(long)]
    pub replace: bool,
    /// Print errors and the result only
    #[arg(short, long)]
    pub quiet: bool,
    /// Path of the ONNX Runtime library; else ORT_DYLIB_PATH, the Python environment, the system
    #[arg(long, value_name = "PATH")]
    pub onnxruntime: Option<PathBuf>,
    #[command(flatten)]
    pub hub: HubFlags,
}

/// How the hub is asked; each goes before its environment variable.
#[derive(Debug, Args)]
#[command(next_help_heading = "Hub options")]
pub struct HubFlags {
    /// URL of the hub; HF_ENDPOINT, else https://huggingface.co
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// File with the token; HF_TOKEN where left out
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Do not ask the hub; also HF_HUB_OFFLINE=1
    #[arg(long)]
    pub offline: bool,
}

#[derive(Debug, Args)]
pub struct ExportFlags {
    /// Folder with config.json, a tokenizer and model.safetensors (or pytorch_model.bin), or a model folder for smaller files of it
    pub checkpoint: PathBuf,
    /// Folder to make; it must not be there
    pub folder: PathBuf,
    /// Write a smaller file too, and measure how far it agrees: weights in 8 bits, or fp16 for devices that compute in it
    #[arg(long, value_delimiter = ',', value_name = "PRECISION")]
    pub precision: Vec<Precision>,
    /// File with notes to compare on, of any format that `annotate` reads; six short texts in three languages where left out
    #[arg(long, value_name = "FILE")]
    pub sample: Option<PathBuf>,
    /// Column of the notes in the sample
    #[arg(long, value_name = "COLUMN", default_value = "note", requires = "sample")]
    pub column: String,
    /// Most notes of the sample to compare on, from its beginning
    #[arg(long, value_name = "N", default_value_t = 200, requires = "sample")]
    pub limit: usize,
}

/// How a smaller ONNX file keeps its weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Precision {
    /// Half precision, computed in half precision
    Fp16,
    /// 8-bit weights, computed in single precision
    Int8,
}

#[derive(Debug, Args)]
pub struct ImportFlags {
    /// Folder that Spark NLP saved, or a .zip or .tar.gz archive of one
    pub path: PathBuf,
    /// Name to give it; that of the folder where left out
    #[arg(long)]
    pub name: Option<String>,
    /// Replace the installed model of that name
    #[arg(long)]
    pub replace: bool,
    /// Path of the ONNX Runtime library; else ORT_DYLIB_PATH, the Python environment, the system
    #[arg(long, value_name = "PATH")]
    pub onnxruntime: Option<PathBuf>,
}
