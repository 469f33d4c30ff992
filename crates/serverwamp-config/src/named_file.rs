//! Files that a configuration names, opened so that nobody waits for them.
//!
//! In: a path. Out: a file with content, or why it is none. Invariant: a pipe, a device or a socket is not waited for, also when it takes
//! the place of a file between the look at it and its opening.

use std::fs::{self, File, FileType, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;
use zeroize::Zeroizing;

/// The longest file that is read: longer ones are no certificates, keys or lists of users.
const LONGEST: u64 = 64 << 20;

/// Opens a file that a configuration names.
///
/// # Errors
/// Those of the system; a folder, a pipe, a device or a socket, each by its name.
pub fn open_file(path: &Path) -> io::Result<File> {
    // Opening a device may already do something, and a socket cannot be opened.
    ordinary(fs::metadata(path)?.file_type())?;
    open_what_is_there(path)
}

/// Reads a file that a configuration names.
///
/// # Errors
/// As [`open_file`]; a file of more than 64 MiB.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let file = open_file(path)?;
    let mut content = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LONGEST {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "it is too long for what it should be"));
    }
    Ok(content)
}

/// Reads a file with a secret in it, which is text.
pub(crate) fn read_text(path: &Path) -> io::Result<Zeroizing<String>> {
    let content = Zeroizing::new(read_file(path)?);
    let text = std::str::from_utf8(&content);
    let text = text.map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Opens what is there now, whatever was there before.
fn open_what_is_there(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    // A pipe is opened at once in place of when somebody writes into it. For files that makes no difference.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY).bits().cast_signed(),
    );
    let file = options.open(path)?;
    ordinary(file.metadata()?.file_type())?;
    Ok(file)
}

fn ordinary(found: FileType) -> io::Result<()> {
    match what(found) {
        None => Ok(()),
        Some("a folder") => {
            Err(io::Error::new(ErrorKind::IsADirectory, "it is a folder, and a file is expected"))
        }
        Some(what) => {
            Err(io::Error::new(ErrorKind::InvalidInput, format!("it is {what}, and a file is expected")))
        }
    }
}

/// What is no file.
fn what(found: FileType) -> Option<&'static str> {
    if found.is_file() {
        return None;
    }
    if found.is_dir() {
        return Some("a folder");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        if found.is_fifo() {
            return Some("a named pipe");
        }
        if found.is_socket() {
            return Some("a socket");
        }
        if found.is_char_device() || found.is_block_device() {
            return Some("a device");
        }
    }
    Some("something else")
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::fs::{CWD, FileType as Kind, Mode, mknodat};

    #[test]
    fn a_pipe_is_named_and_not_waited_for_also_if_it_was_a_file_a_moment_ago() {
        let pipe = std::env::temp_dir().join(format!("serverwamp-pipe-{}", std::process::id()));
        mknodat(CWD, &pipe, Kind::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let said =
            [open_file(&pipe), open_what_is_there(&pipe)].map(|opened| opened.unwrap_err().to_string());
        fs::remove_file(&pipe).unwrap();
        assert_eq!(said, ["it is a named pipe, and a file is expected"; 2]);
    }

    #[test]
    fn what_is_no_file_is_named() {
        let said = |path: &str| read_file(Path::new(path)).unwrap_err().to_string();
        assert_eq!(said("/dev/zero"), "it is a device, and a file is expected");
        assert_eq!(said("/"), "it is a folder, and a file is expected");
        assert_eq!(read_file(Path::new("/nowhere/at/all")).unwrap_err().kind(), ErrorKind::NotFound);
        // Its length is told as 0.
        assert!(!read_file(Path::new("/proc/self/status")).unwrap().is_empty());
    }
}
