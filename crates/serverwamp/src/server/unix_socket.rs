//! A Unix socket to listen at, as a file with a mode of its own that comes and goes with its listener.
//!
//! Invariants: the file has its mode from the first moment at which anybody can find it; nothing is replaced but a
//! socket that nobody listens at; and only this listener's own file is removed, while it still listens, so that the
//! file of a successor is never taken for it.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::Listener;
use crate::base::unix_peer::UnixPeer;

/// A listener at a Unix socket, and the socket's file, which is removed when this is dropped.
///
/// ```no_run
/// # #[cfg(feature = "tokio")]
/// # async fn run(app: serverwamp::Application) -> std::io::Result<()> {
/// use serverwamp::server::UnixSocket;
///
/// let socket = UnixSocket::bind("/run/wamp.sock", Some(0o660))?.try_map(tokio::net::UnixListener::from_std)?;
/// serverwamp::Server::new(app).serve(socket, std::future::pending()).await?;
/// # Ok(())
/// # }
/// ```
// The file goes first: as long as somebody listens at it, nobody else takes its place.
#[derive(Debug)]
pub struct UnixSocket<L = UnixListener> {
    file: SocketFile,
    listener: L,
}

/// A socket's file. Dropping it removes the file, unless another one is in its place.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    /// Device and inode.
    identity: (u64, u64),
}

impl UnixSocket {
    /// Listens at `path`, with a file of this `mode` (such as `0o660`: owner and group may connect); without one as the
    /// process's umask says. A socket that a program left behind which is no more, or which listens no longer, gives way.
    ///
    /// The listener does not block, as asynchronous runtimes want it.
    ///
    /// # Errors
    /// [`ErrorKind::AddrInUse`] when a process listens there, [`ErrorKind::AlreadyExists`] when the file there is no socket,
    /// and what the system says otherwise.
    pub fn bind(path: impl AsRef<Path>, mode: Option<u32>) -> io::Result<Self> {
        let path = path.as_ref();
        let stage = Stage::new(path)?;
        let staged = stage.0.join("s");
        let listener = UnixListener::bind(&staged)?;
        listener.set_nonblocking(true)?;
        if let Some(mode) = mode {
            fs::set_permissions(&staged, Permissions::from_mode(mode))?;
        }
        let identity = identity(&staged)?;
        put(&staged, path)?;
        Ok(Self { file: SocketFile { path: path.to_owned(), identity }, listener })
    }
}

impl<L> UnixSocket<L> {
    /// RunQueue the listener into one of a runtime.
    ///
    /// # Errors
    /// Those of `turn`.
    pub fn try_map<M>(self, turn: impl FnOnce(L) -> io::Result<M>) -> io::Result<UnixSocket<M>> {
        let Self { file, listener } = self;
        Ok(UnixSocket { file, listener: turn(listener)? })
    }

    /// Its address.
    pub fn path(&self) -> &Path {
        &self.file.path
    }
}

impl<L: Listener> Listener for UnixSocket<L> {
    type Io = L::Io;

    async fn accept(&mut self) -> io::Result<(Self::Io, Option<SocketAddr>)> {
        self.listener.accept().await
    }

    fn unix_peer(io: &L::Io) -> Option<UnixPeer> {
        L::unix_peer(io)
    }
}

/// Puts a socket that listens in its place.
fn put(staged: &Path, path: &Path) -> io::Result<()> {
    // Unlike `rename`, this replaces nothing.
    match fs::hard_link(staged, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        outcome => return outcome,
    }
    if !fs::symlink_metadata(path)?.file_type().is_socket() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::rename(staged, path),
        // It was removed just now.
        Err(error) if error.kind() == ErrorKind::NotFound => fs::hard_link(staged, path),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(error),
        _ => Err(ErrorKind::AddrInUse.into()),
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|identity| identity == self.identity) {
            drop(fs::remove_file(&self.path));
        }
    }
}

/// A directory that nobody else can enter, beside the socket's place, so that a socket can be moved from one to the other.
struct Stage(PathBuf);

impl Stage {
    fn new(path: &Path) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // Short: the path of a socket has 107 bytes at the most.
        let name = format!(".{:x}-{:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let directory = path.with_file_name(name);
        DirBuilder::new().mode(0o700).create(&directory)?;
        Ok(Self(directory))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("serverwamp-{name}-{}", std::process::id()))
    }

    fn refused(path: &Path) -> ErrorKind {
        UnixSocket::bind(path, None).unwrap_err().kind()
    }

    #[test]
    fn the_file_of_a_successor_stays() {
        let path = place("successor");
        let first = UnixSocket::bind(&path, None).unwrap();
        assert_eq!(refused(&path), ErrorKind::AddrInUse);
        let UnixSocket { file, listener } = first;
        // It listens no longer, and is not over yet.
        drop(listener);
        let second = UnixSocket::bind(&path, None).unwrap();
        drop(file);
        UnixStream::connect(&path).unwrap();
        drop(second);
        assert!(!path.exists());
    }

    #[test]
    fn the_file_has_its_mode() {
        let path = place("mode");
        for mode in [0o600, 0o660, 0o666] {
            let socket = UnixSocket::bind(&path, Some(mode)).unwrap();
            assert_eq!(fs::metadata(socket.path()).unwrap().mode() & 0o777, mode);
        }
    }

    #[test]
    fn only_a_socket_that_nobody_listens_at_gives_way() {
        let path = place("file");
        fs::write(&path, "a file of somebody").unwrap();
        assert_eq!(refused(&path), ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "a file of somebody");
        fs::remove_file(&path).unwrap();
        drop(UnixListener::bind(&path).unwrap());
        drop(UnixSocket::bind(&path, None).expect("it was left behind"));
        assert_eq!(refused(Path::new("/nowhere/at/all")), ErrorKind::NotFound);
    }
}
