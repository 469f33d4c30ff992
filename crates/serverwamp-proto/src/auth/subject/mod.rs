//! The subject of a certificate, as text in the form of RFC 4514.
//!
//! In: a certificate in DER (RFC 5280), or the text that a proxy writes. Out: the same value for the same subject, or why there is none.
//! Invariant: nothing that a reader could take for something else: no control characters, no types of text that have several meanings.

mod der;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// The subject of a certificate: pairs such as `CN` and `meter-5`, the most specific first.
///
/// `Display` writes it, and `FromStr` reads it, in the form of RFC 4514, which is that of RFC 2253: `CN=meter-5,OU=Meters,O=Example`. Types
/// have the names that OpenSSL gives them (`CN`, `OU`, `O`, `C`, `ST`, `L`, `street`, `DC`, `UID`, `serialNumber`, `emailAddress`,
/// `title`, `GN`, `SN`), all others are numbers with values in hex. Two subjects are the same if all their pairs are, in their order; upper
/// and lower case of values differ.
///
/// ```
/// use serverwamp_proto::auth::CertificateSubject;
///
/// let subject: CertificateSubject = r"CN=Doe\, Jane,O=Example".parse()?;
/// assert_eq!(subject.common_name(), Some("Doe, Jane"));
/// assert_eq!(subject.to_string(), r"CN=Doe\, Jane,O=Example");
/// # Ok::<(), serverwamp_proto::auth::SubjectError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct CertificateSubject(Vec<Vec<SubjectPart>>);

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct SubjectPart {
    /// A name of [`NAMES`], or numbers with dots.
    kind: String,
    /// The text; of a kind that has no name, `#` and the value in hex.
    value: String,
}

/// Why there is no subject.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum SubjectError {
    /// It is not a certificate in DER.
    #[error("the certificate is damaged: not in DER")]
    Damaged,
    /// The subject has no names in it.
    #[error("the subject is empty")]
    Empty,
    /// A value is a text of a type that has several meanings, or is none.
    #[error("the subject has a value that is no text in UTF-8, ASCII or UTF-16")]
    Text,
    /// A value has a control character in it.
    #[error("the subject has a control character in it")]
    Control,
    /// A text is not in the form of RFC 4514.
    #[error("the subject is not of the form CN=..,O=.. (RFC 4514)")]
    Form,
}

/// Object identifiers in DER, and their names.
const NAMES: [(&[u8], &str); 14] = [
    (&[0x55, 4, 3], "CN"),
    (&[0x55, 4, 4], "SN"),
    (&[0x55, 4, 5], "serialNumber"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 9], "street"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[0x55, 4, 12], "title"),
    (&[0x55, 4, 42], "GN"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25], "DC"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1], "UID"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], "emailAddress"),
];

impl CertificateSubject {
    /// The subject of a certificate in DER.
    ///
    /// # Errors
    /// If it cannot be read, is empty, or has something in it that could be mistaken for something else.
    pub fn from_certificate(certificate: &[u8]) -> Result<Self, SubjectError> {
        let mut names = Vec::new();
        for pairs in der::subject(certificate).ok_or(SubjectError::Damaged)? {
            names.push(pairs.into_iter().map(SubjectPart::from_der).collect::<Result<Vec<_>, _>>()?);
        }
        // In a certificate the most general comes first.
        names.reverse();
        if names.is_empty() { Err(SubjectError::Empty) } else { Ok(Self(names)) }
    }

    /// The common name, if there is exactly one.
    pub fn common_name(&self) -> Option<&str> {
        let mut all = self.values("CN");
        all.next().filter(|_| all.next().is_none())
    }

    /// The values of this type, the most specific first.
    pub fn values<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        let of_kind = move |one: &&SubjectPart| one.kind.eq_ignore_ascii_case(kind);
        self.0.iter().flatten().filter(of_kind).map(|one| one.value.as_str())
    }
}

impl SubjectPart {
    fn from_der(pair: der::Pair<'_>) -> Result<Self, SubjectError> {
        let named = NAMES.iter().find(|(oid, _)| *oid == pair.kind);
        let Some((_, name)) = named else {
            let value = pair.element.iter().fold("#".to_owned(), |hex, byte| hex + &format!("{byte:02x}"));
            return Ok(Self { kind: der::dotted(pair.kind).ok_or(SubjectError::Damaged)?, value });
        };
        let value = der::text(pair.tag, pair.value).ok_or(SubjectError::Text)?;
        Self::named(name, value)
    }

    fn named(kind: &str, value: String) -> Result<Self, SubjectError> {
        match value.chars().any(char::is_control) {
            true => Err(SubjectError::Control),
            false => Ok(Self { kind: kind.to_owned(), value }),
        }
    }

    /// A pair as text, in which `\` is still there.
    fn from_text(text: &str) -> Result<Self, SubjectError> {
        let (kind, value) = text.split_once('=').ok_or(SubjectError::Form)?;
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if kind.split('.').all(is_number) && kind.contains('.') {
            let digits = value.strip_prefix('#').ok_or(SubjectError::Form)?;
            let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            let value = format!("#{}", digits.to_ascii_lowercase());
            return if is_hex { Ok(Self { kind: kind.to_owned(), value }) } else { Err(SubjectError::Form) };
        }
        let (_, name) =
            NAMES.iter().find(|(_, name)| name.eq_ignore_ascii_case(kind)).ok_or(SubjectError::Form)?;
        Self::named(name, unescaped(value).ok_or(SubjectError::Form)?)
    }
}

/// A value without `\`; `None` where one is missing.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => {
                let first = rest.next()?;
                match char::from(first).to_digit(16) {
                    Some(high) => {
                        let low = char::from(rest.next()?).to_digit(16)?;
                        bytes.push(u8::try_from(high << 4 | low).ok()?);
                    }
                    None if b" \"#+,;<=>\\".contains(&first) => bytes.push(first),
                    None => return None,
                }
            }
            b'"' | b'+' | b',' | b';' | b'<' | b'>' => return None,
            // A value in hex says nothing of its type.
            b'#' if bytes.is_empty() => return None,
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok()
}

/// The parts of a text between separators before which no `\` stands.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    text.split(move |character| {
        let separates = character == separator && !escaped;
        escaped = character == '\\' && !escaped;
        separates
    })
}

impl FromStr for CertificateSubject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        if text.is_empty() {
            return Err(SubjectError::Empty);
        }
        let pairs = |name| split(name, '+').map(SubjectPart::from_text).collect();
        split(text, ',').map(pairs).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for CertificateSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, pairs) in self.0.iter().enumerate() {
            for (number, SubjectPart { kind, value }) in pairs.iter().enumerate() {
                let separator = match (place, number) {
                    (0, 0) => "",
                    (_, 0) => ",",
                    _ => "+",
                };
                write!(f, "{separator}{kind}=")?;
                if kind.contains('.') {
                    f.write_str(value)?;
                    continue;
                }
                let last = value.chars().count().saturating_sub(1);
                for (at, character) in value.chars().enumerate() {
                    let is_edge =
                        (at == 0 && matches!(character, ' ' | '#')) || (at == last && character == ' ');
                    if is_edge || "\"+,;<>\\".contains(character) {
                        f.write_str("\\")?;
                    }
                    write!(f, "{character}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
