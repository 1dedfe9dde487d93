//! The bytes of an archived segment, whole: for the few questions that a
//! writer has about old rows. Reading archives fast is `scan`'s work.

use std::io::Read;
use std::path::Path;

use super::os::{How, Os, read_full};
use crate::error::{Error, Result};

/// Decodes the zstd file at `path`.
pub fn decode(os: &dyn Os, path: &Path) -> Result<Vec<u8>> {
    let fail = |error: std::io::Error| Error::io(format!("{}: {error}", path.display()));
    let file = os.open(path, How::Read, 0).map_err(fail)?;
    let mut packed = vec![0; os.stat(&file).map_err(fail)?.bytes as usize];
    let read = read_full(os, &file, &mut packed, 0).map_err(fail)?;
    let mut bytes = Vec::new();
    zstd::stream::read::Decoder::new(&packed[..read]).map_err(fail)?.read_to_end(&mut bytes).map_err(fail)?;
    Ok(bytes)
}
