//! [`Models`]: the folder of installed models, and what can be done with it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use spanframe_model::{MANIFEST, Manifest, ModelCard, ModelFiles, RuntimeSearch, join_errors};

use crate::{
    HubSettings, InstallError, Limits, Naming, Source, archive, hub,
    name::check,
    needed::{self, Files},
    pack,
    probe::probe,
    spark,
    staging::{self, Staging},
};

/// The folder of installed models. Nothing is fetched but by [`add`](Self::add) of a model of the hub.
#[derive(Clone, Debug)]
pub struct Models {
    /// Where they are: a folder each.
    pub folder: PathBuf,
    /// Where ONNX Runtime is looked for, to try a model before it is shown.
    pub runtime: RuntimeSearch,
    /// How the hub is asked.
    pub hub: HubSettings,
    /// What archives may unpack to.
    pub limits: Limits,
}

/// A model that was installed.
#[derive(Clone, Debug, PartialEq)]
pub struct Installed {
    /// The name to give as `model`.
    pub name: String,
    /// Where it is.
    pub folder: PathBuf,
    /// What its files are and where they came from.
    pub manifest: Manifest,
    /// What it is.
    pub card: ModelCard,
    /// Whether ONNX Runtime was there to run it once.
    pub tried: bool,
}

/// A model whose files are what they were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Where it is.
    pub folder: PathBuf,
    /// Its files; `None` for a folder without a manifest, of which nothing is known.
    pub manifest: Option<Manifest>,
}

/// What a staging folder becomes.
struct Origin {
    source: String,
    commit: Option<String>,
}

impl Models {
    /// The user's own folder, [`models_folder`](spanframe_model::models_folder), with the settings of the environment.
    ///
    /// # Errors
    /// [`InstallError::NoHome`].
    pub fn home(runtime: RuntimeSearch) -> Result<Self, InstallError> {
        let folder = spanframe_model::models_folder().ok_or(InstallError::NoHome)?;
        Ok(Self { folder, runtime, hub: HubSettings::from_environment(), limits: Limits::default() })
    }

    /// Installs a copy of the model at `source`: the files that a model consists of, and no others.
    ///
    /// # Errors
    /// Any [`InstallError`]; nothing is installed then.
    pub fn add(&self, source: &Source, naming: &Naming) -> Result<Installed, InstallError> {
        let name = self.free_name(naming, &source.name())?;
        let staging = Staging::new(&self.folder, &name)?;
        let at_first = match source {
            Source::Folder(path) => copy(path, staging.path())?.origin,
            Source::Archive(path) => {
                let unpacked = Staging::new(&self.folder, &name)?;
                let folder = archive::unpack(path, unpacked.path(), self.limits)?;
                copy(&folder, staging.path())?.origin
            }
            Source::Hub(asked) => {
                let repository = hub::Repository::open(&self.hub, asked)?;
                needed::bring(&repository, None, staging.path())?;
                Some(Origin { source: source.describe(), commit: Some(repository.commit().to_string()) })
            }
        };
        let origin = at_first.unwrap_or_else(|| Origin { source: source.describe(), commit: None });
        self.show(staging, name, naming, origin)
    }

    /// Installs what Spark NLP saved at `path`: the folder of a token classifier, that of a whole pipeline with one, or a
    /// `.zip` or `.tar.gz` archive of either.
    ///
    /// # Errors
    /// [`InstallError::Spark`] that names the file and the place in it, and as [`add`](Self::add).
    pub fn import(&self, path: &Path, naming: &Naming) -> Result<Installed, InstallError> {
        let source = match path.is_dir() {
            true => Source::Folder(path.to_path_buf()),
            false => Source::parse(&path.display().to_string())?,
        };
        let name = self.free_name(naming, &source.name())?;
        let staging = Staging::new(&self.folder, &name)?;
        match &source {
            Source::Archive(archive) => {
                let unpacked = Staging::new(&self.folder, &name)?;
                let folder = archive::unpack(archive, unpacked.path(), self.limits)?;
                spark::import(&folder, staging.path(), self.limits)?;
            }
            _ => spark::import(path, staging.path(), self.limits)?,
        }
        let origin = Origin { source: format!("Spark NLP: {}", source.describe()), commit: None };
        self.show(staging, name, naming, origin)
    }

    /// As [`import`](Self::import), by a name made of the content of the folder at `path`: the same content is imported
    /// once, by whichever process comes first.
    ///
    /// # Errors
    /// As [`import`](Self::import).
    pub fn import_once(&self, path: &Path) -> Result<Installed, InstallError> {
        let name = spark::name(path)?;
        let find = || -> Result<Installed, InstallError> {
            let folder = self.folder.join(&name);
            let manifest = self.verify(&name)?.manifest.ok_or_else(|| self.not_installed(&name))?;
            let card = ModelCard::read(&ModelFiles::find(&folder, "")?)?;
            Ok(Installed { name: name.clone(), folder, manifest, card, tried: false })
        };
        if self.folder.join(&name).is_dir() {
            return find();
        }
        match self.import(path, &Naming { name: Some(name.clone()), replace: false }) {
            Err(InstallError::Exists { .. }) => find(),
            done => done,
        }
    }

    /// Removes the installed model `name`.
    ///
    /// # Errors
    /// [`InstallError::NotInstalled`], [`InstallError::File`].
    pub fn remove(&self, name: &str) -> Result<PathBuf, InstallError> {
        let folder = self.installed(name)?;
        // out of sight by one rename, so that nobody finds half of it
        let aside = Staging::new(&self.folder, name)?;
        fs::rename(&folder, aside.path().join("removed")).map_err(InstallError::file(&folder))?;
        Ok(folder)
    }

    /// Compares the files of a model, an installed name or a folder, with its manifest.
    ///
    /// # Errors
    /// [`InstallError::Faults`] that names every difference; [`InstallError::NotInstalled`].
    pub fn verify(&self, model: &str) -> Result<Verified, InstallError> {
        let folder = match self.installed(model) {
            Err(_) if Path::new(model).is_dir() => PathBuf::from(model),
            found => found?,
        };
        let manifest = Manifest::read(&folder)?;
        let errors = manifest.as_ref().map_or(Ok(Vec::new()), |manifest| manifest.verify(&folder))?;
        match errors.is_empty() {
            true => Ok(Verified { folder, manifest }),
            false => Err(InstallError::Faults { name: model.to_string(), faults: join_errors(&errors) }),
        }
    }

    /// Writes a verified model, an installed name or a folder, to the archive `target` (`.tar.gz`, `.tgz` or `.zip`),
    /// which [`add`](Self::add) takes on another machine.
    ///
    /// # Errors
    /// As [`verify`](Self::verify); [`InstallError::File`] also where the archive is there already.
    pub fn pack(&self, model: &str, target: &Path) -> Result<Manifest, InstallError> {
        let verified = self.verify(model)?;
        if let Some(manifest) = verified.manifest {
            pack::pack(&verified.folder, &manifest, target)?;
            return Ok(manifest);
        }
        // a folder of the user's own: its files go through the same gate as any
        let staging = Staging::new(&self.folder, "pack")?;
        copy(&verified.folder, staging.path())?;
        let manifest = Manifest::of(staging.path(), Source::Folder(verified.folder.clone()).describe(), None)?;
        manifest.write(staging.path())?;
        pack::pack(staging.path(), &manifest, target)?;
        Ok(manifest)
    }

    /// Writes the manifest of a model folder that was made of `source`.
    ///
    /// # Errors
    /// [`InstallError::Model`] for a folder that cannot be read, [`InstallError::File`] for one that cannot be written.
    pub fn seal(folder: &Path, source: &str) -> Result<Manifest, InstallError> {
        let manifest = Manifest::of(folder, source.to_string(), None)?;
        manifest.write(folder)?;
        Ok(manifest)
    }

    /// Copies the ONNX file `onnx` and all that makes it a model into the empty `folder`, at the same places as in its own.
    /// Gives the paths of the ONNX file and of its external data. A folder with a manifest must be what that says.
    ///
    /// # Errors
    /// [`InstallError::Model`] for a file that is missing or refused, [`InstallError::Faults`], [`InstallError::File`].
    pub fn copy(onnx: &Path, folder: &Path) -> Result<Vec<PathBuf>, InstallError> {
        let copied = copy(onnx, folder)?;
        Ok(copied.weights.into_iter().map(|path| folder.join(path)).collect())
    }

    fn free_name(&self, naming: &Naming, found: &str) -> Result<String, InstallError> {
        let name = naming.resolve(found)?;
        match self.folder.join(&name).exists() && !naming.replace {
            true => Err(InstallError::Exists { name }),
            false => Ok(name),
        }
    }

    fn installed(&self, name: &str) -> Result<PathBuf, InstallError> {
        let folder = check(name).ok().map(|()| self.folder.join(name));
        let there = folder.filter(|folder| {
            // a process that was replacing it may have been killed
            folder.is_dir() || {
                staging::sweep(&self.folder);
                folder.is_dir()
            }
        });
        there.ok_or_else(|| self.not_installed(name))
    }

    fn not_installed(&self, name: &str) -> InstallError {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.retain(|name| !name.starts_with('.'));
        names.sort();
        let known = match names.is_empty() {
            true => format!("`{}` is empty", self.folder.display()),
            false => format!("there are {}", names.join(", ")),
        };
        InstallError::NotInstalled { name: name.to_string(), known }
    }

    /// Tries the model in `staging`, writes its manifest and shows it.
    fn show(&self, staging: Staging, name: String, naming: &Naming, origin: Origin) -> Result<Installed, InstallError> {
        let tried = probe(staging.path(), &self.runtime)?;
        let manifest = Manifest::of(staging.path(), origin.source, origin.commit)?;
        manifest.write(staging.path())?;
        let folder = self.folder.join(&name);
        staging.show(&folder, naming.replace)?;
        let card = ModelCard::read(&ModelFiles::find(&folder, "")?)?;
        Ok(Installed { name, folder, manifest, card, tried })
    }
}

/// What was copied of a folder.
struct Copied {
    /// Paths of the ONNX file and of its external data.
    weights: Vec<String>,
    /// Where the model came from at first, of one with a manifest.
    origin: Option<Origin>,
}

/// Copies the model in `path` (a folder, or an ONNX file in one) into `target`. One with a manifest must be what that
/// says.
fn copy(path: &Path, target: &Path) -> Result<Copied, InstallError> {
    if spark::is_saved(path) {
        return Err(InstallError::WrongKind {
            path: path.display().to_string(),
            reason: "was saved by Spark NLP: `spanframe model import` reads it",
        });
    }
    let (folder, onnx) = match ModelFiles::find(path, "") {
        Ok(ModelFiles::Folder { folder, onnx }) if path.is_file() => (folder, Some(onnx)),
        _ => (path.to_path_buf(), None),
    };
    let onnx = onnx.map(|onnx| onnx.strip_prefix(&folder).unwrap_or(&onnx).to_string_lossy().into_owned());
    let manifest = Manifest::read(&folder)?;
    let errors = manifest.as_ref().map_or(Ok(Vec::new()), |manifest| manifest.verify(&folder))?;
    if !errors.is_empty() {
        return Err(InstallError::Faults { name: path.display().to_string(), faults: join_errors(&errors) });
    }
    let weights = needed::bring(&Folder(folder), onnx.as_deref(), target)?;
    Ok(Copied { weights, origin: manifest.map(|manifest| Origin { source: manifest.source, commit: manifest.commit }) })
}

/// The files of a folder on this machine. Links are followed: who names a folder means what it shows.
struct Folder(PathBuf);

impl Files for Folder {
    fn list(&self) -> Result<Vec<String>, InstallError> {
        let mut found = Vec::new();
        for below in ["", "onnx"] {
            let Ok(entries) = fs::read_dir(self.0.join(below)) else { continue };
            let files = entries.flatten().filter(|entry| entry.path().is_file());
            let names = files.filter_map(|entry| entry.file_name().into_string().ok());
            found.extend(names.map(|name| if below.is_empty() { name } else { format!("{below}/{name}") }));
        }
        found.retain(|path| path != MANIFEST);
        found.sort();
        Ok(found)
    }

    fn bring(&self, path: &str, target: &Path) -> Result<(), InstallError> {
        let from = self.0.join(path);
        let copy = || {
            let mut output = fs::File::create_new(target)?;
            std::io::copy(&mut fs::File::open(&from)?, &mut output)
        };
        copy().map(drop).map_err(InstallError::file(&from))
    }

    fn describe(&self) -> String {
        self.0.display().to_string()
    }
}
