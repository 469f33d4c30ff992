//! The text that both proofs authenticate (RFC 5802, section 3, AuthMessage).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::ScramKdf;
use crate::auth::channel::{ChannelId, binding};

/// What has been said in an exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'a> {
    /// The user's name, prepared with SASLprep.
    pub(super) authid: &'a str,
    pub(super) client_nonce: &'a str,
    /// The client's nonce and the server's.
    pub(super) nonce: &'a str,
    /// In base64.
    pub(super) salt: &'a str,
    pub(super) kdf: ScramKdf,
}

impl Said<'_> {
    /// The text in the specification's form.
    pub(super) fn in_specification(&self, channel: Option<&ChannelId>) -> String {
        let gs2 = match channel {
            None => b"n,,".to_vec(),
            Some(channel) => {
                let mut gs2 = format!("p={},,", binding::TLS_EXPORTER).into_bytes();
                gs2.extend_from_slice(channel.expose());
                gs2
            }
        };
        self.text(&escaped(self.authid), &STANDARD.encode(gs2))
    }

    /// The text as Autobahn and Crossbar.io write it: nothing is escaped, and `c=` is empty.
    pub(super) fn in_autobahn(&self) -> String {
        self.text(self.authid, "")
    }

    fn text(&self, authid: &str, binding: &str) -> String {
        let Self { client_nonce, nonce, salt, kdf, .. } = self;
        let iterations = kdf.iterations();
        format!("n={authid},r={client_nonce},r={nonce},s={salt},i={iterations},c={binding},r={nonce}")
    }
}

/// `=` and `,` separate attributes; as part of a name they are written otherwise.
fn escaped(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}
