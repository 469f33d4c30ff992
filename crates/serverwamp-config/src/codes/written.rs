//! 01xx: what is written in the file and in the environment.

use super::codes;

codes! {
    WRITTEN:

    /// The file is not TOML.
    ///
    /// The place is where the parser could not go on. What comes behind it is read all the same, so other mistakes of the same pass may be
    /// consequences of this one. Strings need quotation marks, tables are written `[name]`, lists of tables `[[name]]`.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// address = 127.0.0.1:8080
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// address = "127.0.0.1:8080"
    /// ```
    error 100 SYNTAX "this is not TOML";

    /// A value has another type than the key takes.
    ///
    /// Times and texts are strings, numbers are written without quotation marks, several values are a list in brackets.
    /// `serverwamp config explain KEY` says what a key takes.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// shutdown.drain = true
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// shutdown.drain = "10s"
    /// ```
    error 102 WRONG_TYPE "wrong type";

    /// A key cannot have this value: a number outside of its range, a word that is none of those allowed, or a text of another form.
    ///
    /// Times and numbers of bytes need a unit, so that nobody takes seconds for milliseconds.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// limits.hello_timeout = 5
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// limits.hello_timeout = "5s"
    /// ```
    error 103 WRONG_VALUE "value that is not allowed";

    /// A key that has no default is missing.
    ///
    /// Most keys have a default. Those that have none say what nobody else can know, such as the name of a realm or the path of a file.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// auth = [{ anonymous = {} }]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "realm1"
    /// auth = [{ anonymous = {} }]
    /// ```
    error 104 MISSING_KEY "missing key";

    /// A secret is written in the configuration file.
    ///
    /// People read that file, copy it into tickets and keep it in repositories. A secret comes from a file of its own or from a variable of
    /// the environment. The line with the secret is not printed.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// auth_secret = "1f0c2a9b"
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// auth_secret = { file = "auth.secret" }
    /// ```
    error 105 SECRET_IN_FILE "secret in the file";

    /// A variable of the environment starts with `SERVERWAMP_` and belongs to no key.
    ///
    /// The variable of a key is `SERVERWAMP_` and the key's path in capital letters, with two underscores between its parts:
    /// `SERVERWAMP_LIMITS__CONNECTIONS`. `serverwamp config env` lists them. This is a warning, since others set variables too: Kubernetes
    /// makes some for each service.
    ///
    /// Wrong: `SERVERWAMP_LIMITS_CONNECTIONS=1000`.
    ///
    /// Right: `SERVERWAMP_LIMITS__CONNECTIONS=1000`.
    warning 106 UNKNOWN_VARIABLE "unknown variable";

    /// A key does not exist.
    ///
    /// Unknown keys are mistakes because a mistyped one would leave its setting at the default without a word. The nearest key is suggested.
    /// `serverwamp config explain` lists all keys, `serverwamp config explain realm` those of a table.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// websocket = { max_mesage = "1 MiB" }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// websocket = { max_message = "1 MiB" }
    /// ```
    error 107 UNKNOWN_KEY "unknown key";

    /// Of several keys exactly one has to be there, and there is none or more than one.
    ///
    /// A way into a realm is a table with one key, which says what kind it is; several ways are several tables. A secret has `file` or `env`.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "realm1"
    /// auth = [{ anonymous = {}, file = { path = "users.toml" } }]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "realm1"
    /// auth = [{ anonymous = {} }, { file = { path = "users.toml" } }]
    /// ```
    error 108 ONE_OF "one of several keys";
}
