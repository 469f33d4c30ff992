//! Whether the log goes to the journal of systemd, which knows the time itself, and the level if the line begins with it.

use std::fs::File;

/// Returns whether `out` is the stream that systemd has connected with the journal.
#[cfg(unix)]
pub(super) fn is_read_by(out: &File) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else { return false };
    out.metadata().is_ok_and(|file| names(&stream, file.dev(), file.ino()))
}

#[cfg(not(unix))]
pub(super) fn is_read_by(_: &File) -> bool {
    false
}

/// Returns whether `JOURNAL_STREAM` is this file: its device and its inode. A program that was started by a service and has
/// another standard error inherits the variable all the same.
#[cfg(unix)]
fn names(stream: &str, device: u64, inode: u64) -> bool {
    stream == format!("{device}:{inode}")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_named_by_device_and_inode() {
        assert!(names("9:123456", 9, 123_456));
        for other in ["9:123457", "8:123456", "9", "", "9:123456:"] {
            assert!(!names(other, 9, 123_456), "{other}");
        }
    }
}
