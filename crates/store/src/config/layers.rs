//! The settings of two files joined: a user's for all logbooks, overridden by the logbook's. The
//! environment and flags override both, in the commands that read them.

use std::path::{Path, PathBuf};

use super::keys::{File, Key, broken, key, personal_path};
use super::settings::Settings;
use crate::Environment;
use crate::os::Os;
use crate::os_real::REAL;
use logbook_model::error::{Error, Result};

/// The settings of `config.toml` of the logbook at `directory` alone; the defaults if there is
/// none.
pub fn settings(os: &dyn Os, directory: &Path) -> Result<Settings> {
    Ok(of_files(os, File::read(os, &directory.join("config.toml"), false)?)?.0)
}

/// The settings in force for the user of `env` in the logbook at `directory`.
pub fn layered(directory: &Path, env: &Environment) -> Result<Settings> {
    Ok(with_origins(directory, env)?.0)
}

/// The same, with the file that sets each key, for the keys that are set.
pub fn with_origins(directory: &Path, env: &Environment) -> Result<(Settings, Vec<(&'static Key, PathBuf)>)> {
    let own = personal_path(env).map(|path| File::read(&REAL, &path, true)).transpose()?.flatten();
    let book = File::read(&REAL, &directory.join("config.toml"), false)?;
    of_files(&REAL, own.into_iter().chain(book))
}

/// The same for a reader, which needs few settings: what cannot be read is skipped and added to
/// `wrong`. A gate must not use this: a rule that cannot be read may forbid the call.
pub fn for_reading(directory: &Path, env: &Environment, wrong: &mut Vec<Error>) -> Settings {
    let own = personal_path(env).and_then(|path| File::read_what_can_be(&REAL, &path, true, wrong));
    let book = File::read_what_can_be(&REAL, &directory.join("config.toml"), false, wrong);
    let mut settings = Settings::default();
    for file in own.into_iter().chain(book) {
        for (key, value) in file.values.iter().filter_map(|(name, value)| Some((key(name)?, value))) {
            if let Err(why) = settings.take(&REAL, key, value) {
                wrong.push(broken(&file.path, why));
            }
        }
    }
    settings
}

fn of_files(os: &dyn Os, files: impl IntoIterator<Item = File>) -> Result<(Settings, Vec<(&'static Key, PathBuf)>)> {
    let mut settings = Settings::default();
    let mut origins: Vec<(&'static Key, PathBuf)> = Vec::new();
    for file in files {
        for (key, value) in file.values.iter().filter_map(|(name, value)| Some((key(name)?, value))) {
            settings.take(os, key, value).map_err(|why| broken(&file.path, why))?;
            origins.retain(|(known, _)| known != &key);
            origins.push((key, file.path.clone()));
        }
    }
    Ok((settings, origins))
}
