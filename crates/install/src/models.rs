//! [`Models`]: the folder of installed models and the operations on it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use spanframe_model::{Manifest, ModelCard, ModelFiles, RuntimeSearch};

use crate::{
    HubSettings, InstallError, Installed, Limits, ModelSource, Naming, StopCheck, Verified, archive,
    collect::collect,
    copy::{self, check_files},
    hub::Repository,
    installed::Origin,
    name, pack,
    probe::probe,
    spark,
    staging::{self, Staging},
};

/// The folder of installed models. Only [`add`](Self::add) of a model of the hub opens a connection.
#[derive(Clone, Debug)]
pub struct Models {
    /// The folder; each model is a folder in it.
    pub folder: PathBuf,
    /// Where ONNX Runtime is searched, to run a model before it is installed.
    pub runtime: RuntimeSearch,
    /// Which hub is asked.
    pub hub: HubSettings,
    /// What an archive may unpack to.
    pub limits: Limits,
    /// The name of the bundled model, which no installed model may have.
    pub reserved: &'static str,
    /// Ends an operation soon, before anything is installed or written.
    pub stop: StopCheck,
}

impl Models {
    /// The user's own folder, [`models_folder`](spanframe_model::models_folder), and the hub of the environment.
    /// `reserved` is the name of the bundled model.
    ///
    /// # Errors
    /// [`InstallError::NoHome`] if no environment variable gives a folder.
    pub fn home(runtime: RuntimeSearch, reserved: &'static str) -> Result<Self, InstallError> {
        let folder = spanframe_model::models_folder().ok_or(InstallError::NoHome)?;
        Ok(Self {
            folder,
            runtime,
            hub: HubSettings::from_environment(),
            limits: Limits::default(),
            reserved,
            stop: StopCheck::default(),
        })
    }

    /// Installs a copy of the model at `source`: the files that a model consists of, and no others.
    ///
    /// # Errors
    /// Any [`InstallError`]; then nothing is installed.
    pub fn add(&self, source: &ModelSource, naming: &Naming) -> Result<Installed, InstallError> {
        self.or_stopped(self.try_add(source, naming))
    }

    fn try_add(&self, source: &ModelSource, naming: &Naming) -> Result<Installed, InstallError> {
        let name = self.free_name(naming, source)?;
        let staging = Staging::new(&self.folder, &name)?;
        let origin = self.fetch(source, &name, &staging).map_err(|e| e.relocated(staging.path(), &source.place()))?;
        // a packed model keeps the origin that its manifest records
        let origin = origin.unwrap_or_else(|| Origin { source: source.describe(), commit: None });
        self.publish(staging, name, naming, (source, origin))
    }

    /// Copies the files of the model at `source` into `staging`. Returns where it first came from, if that is known.
    fn fetch(&self, source: &ModelSource, name: &str, staging: &Staging) -> Result<Option<Origin>, InstallError> {
        Ok(match source {
            ModelSource::Folder(path) => copy::copy(path, staging.path(), &self.stop)?.origin,
            ModelSource::Archive(path) => {
                let unpacked = Staging::new(&self.folder, name)?;
                let folder = archive::unpack(path, unpacked.path(), self.limits, &self.stop)?;
                let copied = copy::copy(&folder, staging.path(), &self.stop);
                copied.map_err(|e| e.relocated(&folder, &source.place()))?.origin
            }
            ModelSource::Hub(name) => {
                let repository = Repository::open(&self.hub, name, &self.stop)?;
                collect(&repository, None, staging.path())?;
                Some(Origin { source: source.describe(), commit: Some(repository.commit().to_string()) })
            }
        })
    }

    /// Installs what Spark NLP saved at `path`: a token classifier, a pipeline with one, or an archive of either.
    ///
    /// # Errors
    /// [`InstallError::Spark`], which names the file and the byte in it, and those of [`add`](Self::add).
    pub fn import(&self, path: &Path, naming: &Naming) -> Result<Installed, InstallError> {
        self.or_stopped(self.try_import(path, naming))
    }

    fn try_import(&self, path: &Path, naming: &Naming) -> Result<Installed, InstallError> {
        let source = match path.is_dir() {
            true => ModelSource::Folder(path.to_path_buf()),
            false => ModelSource::parse(&path.display().to_string())?,
        };
        let name = self.free_name(naming, &source)?;
        let staging = Staging::new(&self.folder, &name)?;
        let imported = match &source {
            ModelSource::Archive(archive) => {
                let unpacked = Staging::new(&self.folder, &name)?;
                let folder = archive::unpack(archive, unpacked.path(), self.limits, &self.stop)?;
                let imported = spark::import(&folder, staging.path(), self.limits, &self.stop);
                imported.map_err(|e| e.relocated(&folder, &source.place()))
            }
            _ => spark::import(path, staging.path(), self.limits, &self.stop),
        };
        imported.map_err(|e| e.relocated(staging.path(), &source.place()))?;
        let origin = Origin { source: format!("Spark NLP: {}", source.describe()), commit: None };
        self.publish(staging, name, naming, (&source, origin))
    }

    /// As [`import`](Self::import), under a name with a digest of the folder's content. The same content is imported
    /// once, also if many processes ask at the same time.
    ///
    /// # Errors
    /// Those of [`import`](Self::import).
    pub fn import_once(&self, path: &Path) -> Result<Installed, InstallError> {
        let name = spark::digest_name(path)?;
        let find = || -> Result<Installed, InstallError> {
            let folder = self.folder.join(&name);
            let manifest = self.verify(&name)?.manifest.ok_or_else(|| self.not_installed(&name))?;
            let card = ModelCard::read(&ModelFiles::find(&folder, "")?)?;
            Ok(Installed { name: name.clone(), folder, manifest, card, was_run: false })
        };
        if self.folder.join(&name).is_dir() {
            return find();
        }
        match self.import(path, &Naming { name: Some(name.clone()), replace: false }) {
            // another process was faster
            Err(InstallError::Exists { .. }) => find(),
            done => done,
        }
    }

    /// Removes the installed model `name`. Returns the folder that it had.
    ///
    /// # Errors
    /// [`InstallError::NotInstalled`], [`InstallError::File`].
    pub fn remove(&self, name: &str) -> Result<PathBuf, InstallError> {
        let folder = self.installed(name)?;
        // one rename hides the model, so that no process loads half of it
        let aside = Staging::new(&self.folder, name)?;
        fs::rename(&folder, aside.path().join("removed")).map_err(InstallError::file(&folder))?;
        Ok(folder)
    }

    /// Compares the files of `model`, an installed name or a folder, with its manifest.
    ///
    /// # Errors
    /// [`InstallError::Faults`] with every difference; [`InstallError::NotInstalled`].
    pub fn verify(&self, model: &str) -> Result<Verified, InstallError> {
        let folder = match self.installed(model) {
            Err(_) if Path::new(model).is_dir() => PathBuf::from(model),
            found => found?,
        };
        let manifest = Manifest::read(&folder)?;
        if let Some(manifest) = &manifest {
            check_files(manifest, &folder, model)?;
        }
        Ok(Verified { folder, manifest })
    }

    /// Writes `model`, an installed name or a folder, to the new archive `target` (`.tar.gz`, `.tgz` or `.zip`).
    /// [`add`](Self::add) on another machine takes the archive.
    ///
    /// # Errors
    /// Those of [`verify`](Self::verify); [`InstallError::WrongKind`] if `target` exists.
    pub fn pack(&self, model: &str, target: &Path) -> Result<Manifest, InstallError> {
        self.or_stopped(self.try_pack(model, target))
    }

    fn try_pack(&self, model: &str, target: &Path) -> Result<Manifest, InstallError> {
        let Verified { folder, manifest } = self.verify(model)?;
        if let Some(manifest) = manifest {
            pack::pack(&folder, &manifest, target, &self.stop)?;
            return Ok(manifest);
        }
        // a folder without a manifest: a copy of its needed files gets one
        let staging = Staging::new(&self.folder, "pack")?;
        copy::copy(&folder, staging.path(), &self.stop)?;
        let manifest = Manifest::of(staging.path(), ModelSource::Folder(folder).describe(), None)?;
        manifest.write(staging.path())?;
        pack::pack(staging.path(), &manifest, target, &self.stop)?;
        Ok(manifest)
    }

    /// Writes the manifest of a model folder that was made from `source`.
    ///
    /// # Errors
    /// [`InstallError::Model`] if a file cannot be read or the manifest cannot be written.
    pub fn seal(folder: &Path, source: &str) -> Result<Manifest, InstallError> {
        let manifest = Manifest::of(folder, source.to_string(), None)?;
        manifest.write(folder)?;
        Ok(manifest)
    }

    /// Copies the ONNX file `onnx` and the other files of its model into the empty folder `folder`, at the same
    /// relative paths. Returns the paths of the copied ONNX file and of its external data.
    ///
    /// # Errors
    /// [`InstallError::Model`] for a file that is missing or refused, [`InstallError::Faults`] for files that do not equal
    /// those of the manifest, [`InstallError::File`].
    pub fn copy(onnx: &Path, folder: &Path) -> Result<Vec<PathBuf>, InstallError> {
        let copied = copy::copy(onnx, folder, &StopCheck::default())?;
        Ok(copied.weights.into_iter().map(|path| folder.join(path)).collect())
    }

    /// `done`, or [`InstallError::Stopped`] for an error after a stop, which is often a consequence of it.
    fn or_stopped<T>(&self, done: Result<T, InstallError>) -> Result<T, InstallError> {
        done.map_err(|error| if self.stop.is_stopped() { InstallError::Stopped } else { error })
    }

    /// The name for a new model, which no installed model has unless it may be replaced.
    fn free_name(&self, naming: &Naming, source: &ModelSource) -> Result<String, InstallError> {
        let name = naming.name.clone().unwrap_or_else(|| source.name());
        name::check(&name, self.reserved)?;
        match self.folder.join(&name).exists() && !naming.replace {
            true => Err(InstallError::Exists { name }),
            false => Ok(name),
        }
    }

    /// The folder of the installed model `name`.
    fn installed(&self, name: &str) -> Result<PathBuf, InstallError> {
        let folder = name::check(name, self.reserved).ok().map(|()| self.folder.join(name));
        let is_there = |folder: &PathBuf| {
            // a process that was killed while it replaced the model left it aside: the sweep puts it back
            folder.is_dir() || {
                staging::sweep(&self.folder);
                folder.is_dir()
            }
        };
        folder.filter(is_there).ok_or_else(|| self.not_installed(name))
    }

    fn not_installed(&self, name: &str) -> InstallError {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.retain(|name| !name.starts_with('.'));
        names.sort();
        let known = match names.is_empty() {
            _ if name == self.reserved => "it is the bundled model, which is always there".to_string(),
            true => format!("`{}` holds none", self.folder.display()),
            false => format!("installed are {}", names.join(", ")),
        };
        InstallError::NotInstalled { name: name.to_string(), known }
    }

    /// Runs the model in `staging`, writes its manifest and makes it visible as `name`. Errors are about its source.
    fn publish(
        &self, staging: Staging, name: String, naming: &Naming, (source, origin): (&ModelSource, Origin),
    ) -> Result<Installed, InstallError> {
        let probed = probe(staging.path(), &self.runtime);
        let was_run = probed.map_err(|e| e.relocated(staging.path(), &source.place()))?;
        let manifest = Manifest::of(staging.path(), origin.source, origin.commit)?;
        manifest.write(staging.path())?;
        let folder = self.folder.join(&name);
        if self.stop.is_stopped() {
            return Err(InstallError::Stopped);
        }
        staging.publish(&folder, naming.replace)?;
        let card = ModelCard::read(&ModelFiles::find(&folder, "")?)?;
        Ok(Installed { name, folder, manifest, card, was_run })
    }
}
