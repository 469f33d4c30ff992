//! Subjects of certificates that OpenSSL made, and texts.

use super::*;

/// The part of a certificate around its subject, which nothing signs.
fn certificate(subject: &[u8]) -> Vec<u8> {
    let sequence = |tag: u8, parts: &[&[u8]]| {
        let contents = parts.concat();
        let length = u8::try_from(contents.len()).unwrap();
        let head = if length < 128 { vec![tag, length] } else { vec![tag, 0x81, length] };
        [head, contents].concat()
    };
    let nothing = sequence(0x30, &[]);
    let body = sequence(
        0x30,
        &[&[0xa0, 3, 2, 1, 2], &[2, 1, 7], &nothing, &nothing, &nothing, &sequence(0x30, &[subject])],
    );
    sequence(0x30, &[&body])
}

/// A name of one pair.
fn pair(kind: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
    let short = |length: usize| u8::try_from(length).unwrap();
    let (kind_length, length) = (short(kind.len()), short(value.len()));
    let inner = [&[6, kind_length][..], kind, &[tag, length], value].concat();
    [&[0x31, short(inner.len() + 2), 0x30, short(inner.len())][..], &inner].concat()
}

fn read(subject: &[u8]) -> Result<String, SubjectError> {
    CertificateSubject::from_certificate(&certificate(subject)).map(|subject| subject.to_string())
}

#[test]
fn sec_02_the_subject_of_a_certificate_is_text_as_openssl_writes_it() {
    // `openssl req -subj "/C=DE/O=Example, Inc./OU=Meters/CN= meter <5>\ü/emailAddress=a@b"`, shown by `-nameopt RFC2253,-esc_msb`.
    let names = [
        pair(&[0x55, 4, 6], PRINTABLE, b"DE"),
        pair(&[0x55, 4, 10], 0x0c, b"Example, Inc."),
        pair(&[0x55, 4, 3], 0x0c, " meter <5>ü".as_bytes()),
        pair(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], 0x16, b"a@b"),
    ];
    let text = r"emailAddress=a@b,CN=\ meter \<5\>ü,O=Example\, Inc.,C=DE";
    assert_eq!(read(&names.concat()), Ok(text.to_owned()));
    let subject: CertificateSubject = text.parse().unwrap();
    assert_eq!(subject, CertificateSubject::from_certificate(&certificate(&names.concat())).unwrap());
    assert_eq!(subject.common_name(), Some(" meter <5>ü"));
    assert_eq!(subject.values("o").collect::<Vec<_>>(), ["Example, Inc."]);
    // As nginx writes it, with each byte that is not ASCII in hex.
    let escaped = r"emailAddress=a@b,CN=\ meter \<5\>\C3\BC,O=Example\, Inc.,C=DE";
    assert_eq!(escaped.parse(), Ok(subject));
    // UTF-16, and a type without a name.
    let names = [pair(&[0x55, 4, 3], 0x1e, &[0, b'a', 0, 0xfc]), pair(&[0x2a, 3, 0x84, 0x10], 0x0c, b"x")];
    assert_eq!(read(&names.concat()), Ok("1.2.3.528=#0c0178,CN=aü".to_owned()));
    assert_eq!(
        "1.2.3.528=#0C0178,CN=aü".parse::<CertificateSubject>().unwrap().to_string(),
        "1.2.3.528=#0c0178,CN=aü"
    );
}

const PRINTABLE: u8 = 0x13;

#[test]
fn sec_02_a_subject_that_could_be_mistaken_is_refused() {
    let common_name = |tag: u8, value: &[u8]| read(&pair(&[0x55, 4, 3], tag, value));
    assert_eq!(read(&[]), Err(SubjectError::Empty));
    assert_eq!(common_name(0x0c, b"joe\0.example.com"), Err(SubjectError::Control));
    assert_eq!(common_name(0x0c, b"joe\n"), Err(SubjectError::Control));
    assert_eq!(common_name(0x0c, &[0xff]), Err(SubjectError::Text));
    assert_eq!(common_name(0x14, &[0xe4]), Err(SubjectError::Text), "Teletex, or Latin-1?");
    assert_eq!(common_name(0x1e, &[0]), Err(SubjectError::Text));
    assert_eq!(common_name(0x1c, &[0, 0, 0, 97]), Err(SubjectError::Text));
    let two = [pair(&[0x55, 4, 3], 0x0c, b"joe"), pair(&[0x55, 4, 3], 0x0c, b"root")].concat();
    let two = CertificateSubject::from_certificate(&certificate(&two)).unwrap();
    assert_eq!((two.common_name(), two.to_string().as_str()), (None, "CN=root,CN=joe"));
    let whole = certificate(&pair(&[0x55, 4, 3], 0x0c, b"joe"));
    for length in 0..whole.len() {
        let cut = CertificateSubject::from_certificate(&whole[..length]);
        assert_eq!(cut, Err(SubjectError::Damaged), "{length}");
    }
    let joe = CertificateSubject::from_certificate(&whole);
    for place in (0..whole.len()).filter(|place| !VERSION_AND_NUMBER.contains(place)) {
        let mut damaged = whole.clone();
        damaged[place] ^= 0xff;
        assert_ne!(CertificateSubject::from_certificate(&damaged), joe, "{place}");
    }
}

/// The places of what nobody looks at.
const VERSION_AND_NUMBER: [usize; 4] = [6, 7, 8, 11];

#[test]
fn sec_02_a_text_that_is_no_subject_is_refused() {
    for text in [
        "/CN=joe",
        "CN",
        "CN=joe,",
        ",CN=joe",
        "CN=joe, O=x",
        "CN=a;O=b",
        "CN=\"joe\"",
        "CN=a\\",
        "CN=a\\g",
        "CN=a\\4",
        "CN=#6a6f65",
        "XX=joe",
        "1.2=joe",
        "1.2=#",
        "1.2=#0g",
        "1..2=#00",
        "CN=a<b",
        "CN=\\ff",
    ] {
        assert_eq!(text.parse::<CertificateSubject>(), Err(SubjectError::Form), "{text}");
    }
    assert_eq!("".parse::<CertificateSubject>(), Err(SubjectError::Empty));
    assert_eq!("CN=a\\00".parse::<CertificateSubject>(), Err(SubjectError::Control));
    let several: CertificateSubject = "cn=joe+UID=7,o=".parse().unwrap();
    assert_eq!(several.to_string(), "CN=joe+UID=7,O=");
}
