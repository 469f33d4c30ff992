//! The addresses that an authenticator asks: `https://` ones, or `http://` of this machine.

use super::FetchSettings;
use crate::auth::AuthSettingsError;
use http::Uri;
use std::fmt;

/// Where a request goes.
#[derive(Clone, Debug)]
pub(crate) struct WebAddress {
    pub(super) secure: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// The value of the header `Host`.
    pub(super) authority: String,
    pub(super) path: String,
}

impl WebAddress {
    pub(crate) fn parse(url: &str, settings: &FetchSettings) -> Result<Self, AuthSettingsError> {
        let uri: Uri = url.parse().map_err(|error| AuthSettingsError::new(format_args!("{url:?}"), error))?;
        let unusable = |problem: &str| AuthSettingsError::new(without_query(&uri), problem);
        let (Some(authority), Some(host)) = (uri.authority(), uri.host()) else {
            return Err(unusable("it names no host, expected https://HOST/PATH"));
        };
        if authority.as_str().contains('@') {
            return Err(AuthSettingsError::new(
                format_args!("the address at {host}"),
                "it has a password in it",
            ));
        }
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") if settings.plain_http || is_this_machine(host) => false,
            Some("http") => {
                return Err(unusable(
                    "whoever is on the way could read and change what is sent: use https://, or \
                     `FetchSettings::allow_plain_http` where the network is trusted",
                ));
            }
            _ => return Err(unusable("expected https://")),
        };
        Ok(Self {
            secure,
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: uri.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            authority: authority.to_string(),
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        })
    }
}

fn is_this_machine(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

/// A query may have a key in it, which is not for the log.
fn without_query(uri: &Uri) -> String {
    let text = uri.to_string();
    text.split('?').next().unwrap_or_default().to_owned()
}

impl fmt::Display for WebAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        let path = self.path.split('?').next().unwrap_or_default();
        write!(f, "{scheme}://{}{path}", self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Result<WebAddress, String> {
        WebAddress::parse(url, &FetchSettings::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn an_address_has_a_scheme_a_host_a_port_and_a_path() {
        let address = parsed("https://login.example.com/keys?tenant=7").unwrap();
        assert_eq!((address.host.as_str(), address.port, address.secure), ("login.example.com", 443, true));
        assert_eq!(
            (address.path.as_str(), address.authority.as_str()),
            ("/keys?tenant=7", "login.example.com")
        );
        assert_eq!(address.to_string(), "https://login.example.com/keys");
        let address = parsed("http://[::1]:8000").unwrap();
        assert_eq!((address.host.as_str(), address.port, address.path.as_str()), ("::1", 8000, "/"));
        assert!(parsed("http://localhost/").is_ok());
    }

    #[test]
    fn plain_http_is_for_this_machine_unless_it_is_allowed() {
        assert!(parsed("http://auth.example.com/").unwrap_err().contains("allow_plain_http"));
        let settings = FetchSettings::default().allow_plain_http();
        assert!(WebAddress::parse("http://auth.example.com/", &settings).is_ok());
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_secrets() {
        for url in ["", "login.example.com/keys", "/keys", "ftp://example.com/", "https://", "https:// /"] {
            assert!(parsed(url).is_err(), "{url}");
        }
        let refused = parsed("https://joe:secret@example.com/").unwrap_err();
        assert!(!refused.contains("secret"), "{refused}");
        let refused = parsed("http://example.com/?key=secret").unwrap_err();
        assert!(!refused.contains("secret"), "{refused}");
    }
}
