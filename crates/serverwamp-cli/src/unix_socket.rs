//! A Unix socket to listen at, as a file that comes and goes with the program.

use crate::failure::Failure;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use tokio::net::UnixListener;

/// A socket's file. Dropping it removes the file.
#[derive(Debug)]
pub(crate) struct UnixSocket(PathBuf);

/// Listens at `path`. A socket that a program left behind which is no more gives way; nothing else does.
pub(crate) fn listen(path: &Path) -> Result<(UnixListener, UnixSocket), Failure> {
    let shown = path.display();
    if is_left_behind(path) {
        fs::remove_file(path).map_err(|error| Failure::runtime(format!("cannot remove {shown}: {error}")))?;
    }
    let listener = UnixListener::bind(path).map_err(|error| {
        Failure::runtime(match error.kind() {
            ErrorKind::AddrInUse if !is_socket(path) => {
                format!("{shown} is there already, and no socket: choose another path with --unix")
            }
            ErrorKind::AddrInUse => {
                format!("{shown} is in use: stop the other program or choose another path with --unix")
            }
            ErrorKind::NotFound => format!("the directory of {shown} is not there: create it first"),
            ErrorKind::PermissionDenied => format!("this user may not create {shown}: choose another path"),
            _ => format!("cannot listen at {shown}: {error}; choose another path with --unix"),
        })
    })?;
    Ok((listener, UnixSocket(path.to_owned())))
}

/// Is it a socket that nobody listens at?
fn is_left_behind(path: &Path) -> bool {
    is_socket(path)
        && std::os::unix::net::UnixStream::connect(path)
            .is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

fn is_socket(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.file_type().is_socket())
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "the socket's file stays behind");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_socket_that_nobody_listens_at_gives_way() {
        let path = std::env::temp_dir().join(format!("serverwamp-unix-{}", std::process::id()));
        let refused = |path: &Path| listen(path).unwrap_err().to_string();
        let (listener, file) = listen(&path).unwrap();
        assert!(refused(&path).contains("is in use"));
        drop(listener);
        // The file is still there, as after a crash.
        let (_listener, second) = listen(&path).unwrap();
        drop(second);
        assert!(!path.exists());
        drop(file);
        fs::write(&path, "a file of somebody").unwrap();
        assert!(refused(&path).contains("is there already, and no socket"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "a file of somebody");
        fs::remove_file(&path).unwrap();
        assert!(refused(Path::new("/nowhere/at/all")).contains("the directory of /nowhere/at/all"));
    }
}
