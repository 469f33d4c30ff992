//! Files that nobody else may read, because secrets stand in them: keys, contexts, saved messages.
//!
//! In: a path. Out: a file that is open for writing. Invariant: what is written into it was never readable for others, not even for a moment.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// A file that was not there before.
///
/// # Errors
/// That it is there, or cannot be made.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    private().create_new(true).open(path)
}

/// A file that is empty, whether it was there before or not. Pipes and devices are taken as they are.
///
/// # Errors
/// That it cannot be opened, belongs to somebody else, or cannot be made private.
pub(crate) fn create_or_empty(path: &Path) -> io::Result<File> {
    // It is emptied once it is known whose it is.
    let file = private().create(true).truncate(false).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Ok(file);
    }
    make_private(&file, &found)?;
    file.set_len(0)?;
    Ok(file)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A file that was there has the mode that somebody gave it, and its owner can read it whatever its mode is.
#[cfg(unix)]
fn make_private(file: &File, found: &std::fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"));
    }
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn make_private(_: &File, _: &std::fs::Metadata) -> io::Result<()> {
    Ok(())
}
