//! The files that listeners and authentication name: whether they are there, fit, and are not for everybody to read.

use super::Checking;
use super::certificate::{Certificate, certificate, day};
use super::files::not_a_router_key;
use crate::codes;
use crate::codes::Code;
use crate::mistake::Mistake;
use crate::model::{Algorithm, FileMethod, Jwt, Listener, Tls, UserFile};
use crate::node::Place;
use crate::reading::At;
use crate::values::{Address, FilePath, Secret};
use serverwamp::tls::TlsError;
use std::time::Duration;

/// The time before its end in which a certificate is told of. Those that renew themselves do so a month before.
const SOON: Duration = Duration::from_secs(14 * 86_400);

/// The fewest bytes of a secret that signs tokens, as the library has it.
const SHORTEST_SECRET: usize = 32;

/// The fewest bytes of the secret behind made-up challenges, as the library has it.
const SHORTEST_AUTH_SECRET: usize = 16;

/// The fewest bytes of a secret for WAMP-CRA that stands in a file of users: whoever hears a login can try as many as a machine can count.
const SHORTEST_PASSWORD: usize = 16;

impl Checking<'_> {
    pub(super) fn listener_files(&mut self, listener: &At<Listener>) {
        if let Address::Unix(path) = listener.address.value() {
            let fault = self.files.not_a_place_for_a_socket(path);
            self.socket(fault, listener.address.place());
        }
        for files in listener.files.iter() {
            if let Some(why) = self.files.not_a_folder(&files.folder) {
                self.add(Mistake::new(&codes::NO_FOLDER, why).at_if(files.folder.place()));
            }
        }
        if let Some(tls) = listener.tls.value() {
            self.tls(tls);
        }
    }

    pub(super) fn socket(&mut self, fault: Option<(String, &'static str)>, place: Option<&Place>) {
        let Some((why, help)) = fault else { return };
        self.add(Mistake::new(&codes::NO_SOCKET, why).at_if(place).help(help));
    }

    fn tls(&mut self, tls: &Tls) {
        let certificates = self.file(&tls.certificates, tls.certificates.place());
        let key = self.secret_file(&tls.key, tls.key.place());
        let client_authorities = tls.client_authorities.value().as_ref();
        let authorities = client_authorities.and_then(|path| self.file(path, tls.client_authorities.place()));
        let (Some(certificates), true) = (certificates, key) else { return };
        if let Err(error) = self.files.tls(&tls.certificates, &tls.key) {
            return self.tls_error(&error, tls);
        }
        if let Some(certificate) = certificate(&certificates) {
            self.expiry(tls, &certificate);
            self.authority(tls, &certificate);
        }
        if let (Some(path), Some(_)) = (client_authorities, authorities)
            && let Err(error) = self.files.client_authorities(&tls.certificates, &tls.key, path)
        {
            self.tls_error(&error, tls);
        }
    }

    fn tls_error(&mut self, error: &TlsError, tls: &Tls) {
        let certificates = (tls.certificates.value(), tls.certificates.place());
        let key = (tls.key.value(), tls.key.place());
        let authorities = match tls.client_authorities.value() {
            Some(path) => (path, tls.client_authorities.place()),
            None => certificates,
        };
        let (code, (path, place), what, help): (&'static Code, _, String, &str) = match error {
            TlsError::NoCertificate(path) => (
                &codes::MALFORMED,
                if path.ends_with(tls.certificates.written()) { certificates } else { authorities },
                "has no certificate in it: expected PEM, with a line -----BEGIN CERTIFICATE-----".to_owned(),
                "`openssl x509 -inform DER -in FILE` converts other formats",
            ),
            TlsError::NoKey(_) => (
                &codes::MALFORMED,
                key,
                "has no private key in it: expected PEM, with a line -----BEGIN PRIVATE KEY-----".to_owned(),
                "`openssl pkey -in FILE` converts other formats",
            ),
            TlsError::EncryptedKey(_) => (
                &codes::MALFORMED,
                key,
                "is encrypted, and nobody is there to type its password".to_owned(),
                "decrypt it, `openssl pkey -in FILE -out NEW`, and let nobody else read the new file",
            ),
            TlsError::Mismatch { .. } => {
                let title = format!(
                    "the key in {} is not that of the first certificate in {}",
                    tls.key.written().display(),
                    tls.certificates.written().display()
                );
                let mistake = Mistake::new(&codes::KEY_MISMATCH, title).at_if(tls.key.place());
                return self.add(mistake.related(tls.certificates.place(), "the certificate").help(
                    "the server's own certificate comes first in its file, and both files are of the same renewal",
                ));
            }
            TlsError::Authorities { problem, .. } => {
                let path = tls.client_authorities.value().as_ref().unwrap_or(&tls.certificates);
                let found = (path, tls.client_authorities.place());
                (
                    &codes::MALFORMED,
                    found,
                    format!("cannot be used: {problem}"),
                    "it takes certificates of authorities, in PEM",
                )
            }
            TlsError::Damaged { path, problem } => {
                let known = [key, certificates, authorities];
                let found = known
                    .into_iter()
                    .find(|(known, _)| path.ends_with(known.written()))
                    .unwrap_or(certificates);
                (
                    &codes::MALFORMED,
                    found,
                    format!("is damaged: {problem}"),
                    "copy it again from where it was made",
                )
            }
            error => (
                &codes::MALFORMED,
                certificates,
                format!("cannot be used: {error}"),
                "make a new certificate",
            ),
        };
        let path: &FilePath = path;
        let title = format!("{} {what}", path.written().display());
        self.add(Mistake::new(code, title).at_if(place).help(help));
    }

    /// Many clients refuse the certificate of an authority where they expect that of a server.
    fn authority(&mut self, tls: &Tls, certificate: &Certificate) {
        if certificate.is_authority {
            let shown = tls.certificates.written().display();
            let title = format!("the first certificate in {shown} is that of an authority (CA:TRUE)");
            let mistake =
                Mistake::new(&codes::CERTIFICATE_OF_AUTHORITY, title).at_if(tls.certificates.place());
            self.add(mistake.help("the server's own certificate comes first; `openssl req -x509` makes one with `-addext basicConstraints=critical,CA:FALSE`"));
        }
    }

    fn expiry(&mut self, tls: &Tls, certificate: &Certificate) {
        let Certificate { from, until, .. } = *certificate;
        let shown = tls.certificates.written().display();
        let renew = "renew it: the running program takes the new one without a reload";
        let (code, title, help) = if until < self.now {
            (&codes::EXPIRED, format!("the certificate in {shown} has expired on {}", day(until)), renew)
        } else if from > self.now {
            let title = format!("the certificate in {shown} is not valid before {}", day(from));
            (&codes::EXPIRED, title, "look whether the clock of this machine is right")
        } else if until < self.now + SOON {
            (&codes::EXPIRES_SOON, format!("the certificate in {shown} expires on {}", day(until)), renew)
        } else {
            return;
        };
        self.add(Mistake::new(code, title).at_if(tls.certificates.place()).help(help));
    }

    /// A file that has to be there; its content.
    fn file(&mut self, path: &FilePath, place: Option<&Place>) -> Option<Vec<u8>> {
        match self.files.content(path) {
            Ok(content) => Some(content.to_vec()),
            Err(why) => {
                self.unreadable(why, path, place);
                None
            }
        }
    }

    fn unreadable(&mut self, why: String, path: &FilePath, place: Option<&Place>) {
        let mistake = Mistake::new(&codes::UNREADABLE, why).at_if(place);
        let relative = path.written().is_relative();
        self.add(if relative {
            mistake.help("the path is relative to the folder of the configuration file")
        } else {
            mistake
        });
    }

    /// A file with a secret, which not everybody should be able to read; whether it is there.
    fn secret_file(&mut self, path: &FilePath, place: Option<&Place>) -> bool {
        if let Err(why) = self.files.content(path) {
            self.unreadable(why, path, place);
            return false;
        }
        self.exposed(path, place);
        true
    }

    fn exposed(&mut self, path: &FilePath, place: Option<&Place>) {
        if self.files.is_exposed(path) {
            let shown = path.written().display();
            let title = format!("every user of this machine can read {shown}, which has secrets in it");
            let mistake = Mistake::new(&codes::EXPOSED, title).at_if(place);
            self.add(mistake.help(format!("`chmod o-rwx {shown}`")));
        }
    }

    /// Authorities by which other servers are trusted.
    pub(super) fn authorities(&mut self, path: Option<&FilePath>, place: Option<&Place>) {
        let Some(path) = path else { return };
        let Some(content) = self.file(path, place) else { return };
        if certificate(&content).is_none() {
            let title = format!("{} has no certificate in it", path.written().display());
            let mistake = Mistake::new(&codes::MALFORMED, title).at_if(place);
            self.add(mistake.help("it takes certificates of authorities, in PEM"));
        }
    }

    pub(super) fn credentials(&mut self, file: &UserFile) {
        let place = file.path.place();
        if self.secret_file(&file.path, place) {
            for fault in self.files.credentials(&file.path) {
                let mistake = Mistake::new(&codes::MALFORMED, fault).at_if(place);
                self.add(
                    mistake.help("`serverwamp hash` and `serverwamp keygen` write entries for such a file"),
                );
            }
            self.methods_of_nobody(file);
            self.short_passwords(file);
        }
        let Some(path) = file.router_key.value() else { return };
        let place = file.router_key.place();
        if !self.secret_file(path, place) {
            return;
        }
        let Ok(content) = self.files.content(path) else { return };
        if let Some(why) = not_a_router_key(&content) {
            let title = format!("{} is no private key", path.written().display());
            self.add(Mistake::new(&codes::MALFORMED, title).at_if(place).help(why));
        }
    }

    /// Methods that are offered by name, and that no user of the file has.
    fn methods_of_nobody(&mut self, file: &UserFile) {
        let Some(users) = self.files.users(&file.path) else { return };
        for method in file.methods.iter().filter(|method| method.place().is_some()) {
            if users.methods.contains(method.word()) {
                continue;
            }
            let title =
                format!("no user in {} has an entry for {:?}", file.path.written().display(), method.word());
            let mistake = Mistake::new(&codes::METHOD_OF_NOBODY, title).at_if(method.place());
            let command = match method.value() {
                FileMethod::Ticket => "serverwamp hash ticket",
                FileMethod::Cra => "serverwamp hash cra",
                FileMethod::Scram => "serverwamp hash scram",
                FileMethod::Cryptosign => "serverwamp keygen",
            };
            self.add(mistake.help(format!("`{command}` writes one")));
        }
    }

    /// Secrets of users that stand in the file themselves. Of a hash nobody can tell how long it was.
    fn short_passwords(&mut self, file: &UserFile) {
        let Some(users) = self.files.users(&file.path) else { return };
        let mut short = users.secrets.iter().filter(|(_, length)| *length < SHORTEST_PASSWORD);
        let Some((user, length)) = short.next() else { return };
        let others = match short.count() {
            0 => String::new(),
            1 => ", and another user a short one too".to_owned(),
            number => format!(", and {number} other users short ones too"),
        };
        let path = file.path.written().display();
        let title = format!("user {user:?} in {path} has a secret of {}{others}", bytes(*length));
        let mistake = Mistake::new(&codes::SHORT_PASSWORD, title).at_if(file.path.place());
        self.add(mistake.help(format!(
            "`openssl rand -hex 16` makes one of more than {SHORTEST_PASSWORD} bytes, `serverwamp hash cra` its entry"
        )));
    }

    pub(super) fn jwt_files(&mut self, jwt: &Jwt) {
        if let Some(path) = jwt.key_file.value()
            && self.file(path, jwt.key_file.place()).is_some()
            && let Some(why) = self.files.jwt_keys(path)
        {
            let mistake = Mistake::new(&codes::MALFORMED, why).at_if(jwt.key_file.place());
            self.add(mistake.help("it takes a public key in PEM, or keys as JWK or JWKS"));
        }
        if let Some(secret) = jwt.secret.value() {
            // As many as the hash has, as RFC 7518 asks for; the tokens of the longest algorithm that is named need the most.
            let of = |algorithm: Algorithm| match algorithm {
                Algorithm::Hs384 => 48,
                Algorithm::Hs512 => 64,
                _ => SHORTEST_SECRET,
            };
            let longest = jwt.algorithms.iter().map(|one| of(*one.value())).max();
            let which = longest.map_or("that signs tokens", |bytes| match bytes {
                64 => "that signs tokens by HS512",
                48 => "that signs tokens by HS384",
                _ => "that signs tokens",
            });
            self.long_secret(secret, jwt.secret.place(), which, longest.unwrap_or(SHORTEST_SECRET));
        }
    }

    pub(super) fn auth_secret(&mut self, secret: &Secret, place: Option<&Place>) {
        self.long_secret(secret, place, "of `auth_secret`", SHORTEST_AUTH_SECRET);
    }

    /// A secret that nobody should be able to guess.
    fn long_secret(&mut self, secret: &Secret, place: Option<&Place>, which: &str, least: usize) {
        let Some(length) = self.secret(secret, place).filter(|length| *length < least) else { return };
        let title = format!("the secret {which} has {}, and needs {least}", bytes(length));
        let mistake = Mistake::new(&codes::SHORT_SECRET, title).at_if(place).hide_line();
        self.add(mistake.help("`openssl rand -hex 32` makes one"));
    }

    /// A secret that has to be there; its length.
    fn secret(&mut self, secret: &Secret, place: Option<&Place>) -> Option<usize> {
        match self.files.secret(secret) {
            Ok(text) => {
                if let Secret::File(path) = secret {
                    self.exposed(path, place);
                }
                Some(text.len())
            }
            Err(why) => {
                self.add(Mistake::new(&codes::NO_SECRET, why).at_if(place));
                None
            }
        }
    }
}

fn bytes(number: usize) -> String {
    format!("{number} {}", if number == 1 { "byte" } else { "bytes" })
}
