//! Unix sockets that are listened at, as options or a configuration name them, and their errors.

use crate::failure::Failure;
use serverwamp::server::UnixSocket;
use std::io::ErrorKind;
use std::path::Path;
use std::str::FromStr;
use tokio::net::UnixListener;

/// The mode of a file, as configurations have it: in octal digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Mode(u32);

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mode = serverwamp_config::values::Mode::new(text).bits();
        mode.map(Self)
            .ok_or_else(|| "a mode has three octal digits, write 660 for owner and group".to_owned())
    }
}

/// What names the path of a socket: where another one would have to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum NamedBy {
    /// The option `--unix`.
    Option,
    /// `address` of a `[[listen]]`.
    Listen,
    /// `socket` of `[control]`.
    Control,
}

impl NamedBy {
    /// What to do, to have another path.
    const fn other_path(self) -> &'static str {
        match self {
            Self::Option => "choose another path with --unix",
            Self::Listen => "write another path as `address` of this `[[listen]]`",
            Self::Control => "write another path as `socket` of `[control]`",
        }
    }
}

/// Listens at `path`. A socket that a program left behind which is no more gives way; nothing else does.
pub(crate) fn listen(
    path: &Path,
    mode: Option<Mode>,
    named_by: NamedBy,
) -> Result<UnixSocket<UnixListener>, Failure> {
    let other = named_by.other_path();
    let shown = path.display();
    let socket = UnixSocket::bind(path, mode.map(|mode| mode.0));
    socket.and_then(|socket| socket.try_map(UnixListener::from_std)).map_err(|error| {
        Failure::runtime(match error.kind() {
            ErrorKind::AlreadyExists => {
                format!("{shown} exists and is not a socket: {other}")
            }
            ErrorKind::AddrInUse => {
                format!("{shown} is in use: stop the other program or {other}")
            }
            ErrorKind::NotFound => format!("the directory of {shown} does not exist: create it first"),
            ErrorKind::PermissionDenied => format!("this user may not create {shown}: {other}"),
            _ => format!("cannot listen at {shown}: {error}; {other}"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_place_that_cannot_be_had_is_explained() {
        let path = std::env::temp_dir().join(format!("serverwamp-unix-{}", std::process::id()));
        let refused = |path: &Path| listen(path, None, NamedBy::Option).unwrap_err().to_string();
        let socket = listen(&path, None, NamedBy::Option).unwrap();
        assert!(refused(&path).contains("is in use"));
        for (named_by, said) in [
            (NamedBy::Option, "with --unix"),
            (NamedBy::Listen, "as `address` of this `[[listen]]`"),
            (NamedBy::Control, "as `socket` of `[control]`"),
        ] {
            let refused = listen(&path, None, named_by).unwrap_err().to_string();
            assert!(refused.ends_with(said), "{refused}");
        }
        drop(socket);
        assert!(!path.exists());
        std::fs::write(&path, "a file of somebody").unwrap();
        assert!(refused(&path).contains("exists and is not a socket"));
        std::fs::remove_file(&path).unwrap();
        assert!(refused(Path::new("/nowhere/at/all")).contains("the directory of /nowhere/at/all"));
    }

    #[test]
    fn a_mode_is_octal() {
        assert_eq!("660".parse(), Ok(Mode(0o660)));
        assert_eq!("0600".parse(), Ok(Mode(0o600)));
        for text in ["", "rw", "888", "1777", "+66", "-1", "66", "00660"] {
            assert!(text.parse::<Mode>().unwrap_err().contains("write 660"), "{text}");
        }
    }
}
