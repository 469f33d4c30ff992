//! 03xx: what the configuration needs of this machine.

use super::codes;

codes! {
    MACHINE:

    /// Something that the configuration names cannot be used: a file that is missing or malformed, a secret that is empty, an address.
    ///
    /// Paths are relative to the folder of the configuration file, and have to be readable by the user that the program runs as.
    error 300 UNUSABLE "cannot be used";

    /// A file does not exist, is a folder, or may not be read by this user.
    ///
    /// Relative paths start at the folder of the configuration file. Run `serverwamp check` as the user that the program will run as.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// tls = { certificates = "fulchain.pem", key = "privkey.pem" }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// tls = { certificates = "fullchain.pem", key = "privkey.pem" }
    /// ```
    error 301 UNREADABLE "file that cannot be read";

    /// A file is there, and is not what the key takes: no PEM, no certificate, an encrypted key, entries that are none.
    ///
    /// Of a file of users every fault is told with its line, and without its secrets.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// tls = { certificates = "privkey.pem", key = "privkey.pem" }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// tls = { certificates = "fullchain.pem", key = "privkey.pem" }
    /// ```
    error 302 MALFORMED "file that is not what it should be";

    /// The key is not that of the first certificate in the other file.
    ///
    /// Often one of both files is left from before a renewal, or the certificates stand in the wrong order: the server's own comes
    /// first, then those that lead to its authority.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// tls = { certificates = "fullchain.pem", key = "other.key" }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// tls = { certificates = "fullchain.pem", key = "privkey.pem" }
    /// ```
    error 303 KEY_MISMATCH "key of another certificate";

    /// A certificate has expired, or is not valid yet, so every client would refuse the connection.
    ///
    /// A certificate that is not valid yet usually means that the clock of this machine is wrong.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// tls = { certificates = "expired.pem", key = "privkey.pem" }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// tls = { certificates = "fullchain.pem", key = "privkey.pem" }
    /// ```
    error 304 EXPIRED "certificate that is not valid";

    /// A certificate expires within 14 days. What renews it does so earlier, so it seems to have stopped.
    ///
    /// A renewed certificate is used without a reload.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// tls = { certificates = "soon.pem", key = "privkey.pem" }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// tls = { certificates = "fullchain.pem", key = "privkey.pem" }
    /// ```
    warning 305 EXPIRES_SOON "certificate that expires soon";

    /// Every user of this machine can read a file with a secret: a key, a file of users, a secret that signs.
    ///
    /// `chmod o-rwx FILE` takes that away. The user that the program runs as needs to read it, as its owner or by its group.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// auth_secret = { file = "exposed.secret" }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// auth_secret = { file = "auth.secret" }
    /// ```
    warning 306 EXPOSED "secret that everybody can read";

    /// The folder of `files` does not exist, or is a file.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// files = [{ folder = "no-site" }]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// files = [{ folder = "site" }]
    /// ```
    error 307 NO_FOLDER "folder that is none";

    /// The file or the variable of the environment that has a secret does not exist, or is empty.
    ///
    /// Variables are those of the process: `serverwamp check` needs the same ones as `serverwamp serve`.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// auth_secret = { env = "SHOP_SECRET_THAT_NOBODY_SET" }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// auth_secret = { file = "auth.secret" }
    /// ```
    error 308 NO_SECRET "secret that is missing";

    /// A secret is so short that it could be guessed: from one token, if it signs tokens and has fewer than 32 bytes (48 where
    /// `algorithms` names HS384, 64 where it names HS512, as RFC 7518 has it), or from the challenges of users that do not exist, if it
    /// is `auth_secret` and has fewer than 16.
    ///
    /// `openssl rand -hex 32` makes a good one.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ jwt = { secret = { file = "short.secret" } } }]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ jwt = { secret = { file = "auth.secret" } } }]
    /// ```
    error 309 SHORT_SECRET "secret that is too short";

    /// A Unix socket cannot be made at its path: the folder is missing, something else is there, or the path is too long for the
    /// system.
    ///
    /// A socket that an ended program has left behind is no obstacle.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// control = { socket = "nowhere/control.sock" }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// control = { socket = "control.sock" }
    /// ```
    error 310 NO_SOCKET "socket that cannot be made";

    /// `methods` offers a method for which no user in the file has an entry.
    ///
    /// It is not offered to clients until a user has an entry for it.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ file = { path = "users.toml", methods = ["scram", "wampcra"] } }]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ file = { path = "users.toml", methods = ["scram"] } }]
    /// ```
    warning 311 METHOD_OF_NOBODY "method that no user has";

    /// The first certificate is that of an authority, which vouches for the certificates of others.
    ///
    /// The server's own certificate has to come first in the file. One that is made by hand with `openssl req -x509` is that of an
    /// authority unless one says otherwise; browsers and OpenSSL take it, clients with rustls, such as this program, do not.
    /// `docs/operations.md` has a command.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// tls = { certificates = "authority.pem", key = "privkey.pem" }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// tls = { certificates = "fullchain.pem", key = "privkey.pem" }
    /// ```
    warning 312 CERTIFICATE_OF_AUTHORITY "certificate of an authority";

    /// The secret of a user for WAMP-CRA, which stands in the file of users as `cra_secret`, has fewer than 16 bytes.
    ///
    /// Whoever hears one login can try secrets at home, as fast as machines can. `cra = "$wampcra$…"`, which `serverwamp hash cra` makes
    /// of a password, slows that down, and keeps the password itself out of the file; WAMP-SCRAM does more. How long a password or a
    /// ticket is of which the file has a hash cannot be seen here: the same length is a good one.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ file = { path = "short-secrets.toml" } }]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ file = { path = "users.toml" } }]
    /// ```
    warning 313 SHORT_PASSWORD "secret of a user that can be guessed";
}
