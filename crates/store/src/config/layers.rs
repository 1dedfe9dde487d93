//! The files one over the other: a user's own for all logbooks, then the logbook's. The environment
//! and flags go before both, where a command reads them.

use std::path::{Path, PathBuf};

use super::keys::{File, Key, broken, key, personal_path};
use super::settings::Settings;
use crate::Environment;
use crate::os::Os;
use crate::os_real::REAL;
use logbook_model::error::{Error, Result};

/// Reads `config.toml` of the logbook at `directory`, and no other; the defaults when there is
/// none.
pub fn settings(os: &dyn Os, directory: &Path) -> Result<Settings> {
    Ok(of_files(os, File::read(os, &directory.join("config.toml"), false)?)?.0)
}

/// What holds for `env`'s user in the logbook at `directory`.
pub fn layered(directory: &Path, env: &Environment) -> Result<Settings> {
    Ok(with_origins(directory, env)?.0)
}

/// The same, and which file says it, for each key that one says.
pub fn with_origins(directory: &Path, env: &Environment) -> Result<(Settings, Vec<(&'static Key, PathBuf)>)> {
    let own = personal_path(env).map(|path| File::read(&REAL, &path, true)).transpose()?.flatten();
    let book = File::read(&REAL, &directory.join("config.toml"), false)?;
    of_files(&REAL, own.into_iter().chain(book))
}

/// The same for a reader, which needs little of it: whatever cannot be read is passed over, and
/// `wrong`. No gate may do so: a rule that cannot be read may forbid what is asked.
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
