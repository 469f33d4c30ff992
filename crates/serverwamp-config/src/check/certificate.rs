//! When a certificate is valid, and whether it is that of an authority: what is read of it here. TLS checks it for everybody else.
//!
//! In: PEM. Out: the first certificate. Whatever is not as X.509 has it gives nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::time::{Duration, SystemTime};

/// The tags of DER that stand before the validity.
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The extensions, behind the keys of issuer and subject that nobody uses.
const EXTENSIONS: u8 = 0xa3;
/// `basicConstraints`, 2.5.29.19, with its tag and length.
const BASIC_CONSTRAINTS: [u8; 5] = [0x06, 0x03, 0x55, 0x1d, 0x13];
const OCTET_STRING: u8 = 0x04;
/// The boolean that is true, with its tag and length.
const TRUE: [u8; 3] = [0x01, 0x01, 0xff];

/// The first certificate of a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Certificate {
    /// Its first second.
    pub(super) from: SystemTime,
    /// Its last one.
    pub(super) until: SystemTime,
    /// It vouches for others (`CA:TRUE`), so that it cannot be that of a server.
    pub(super) is_authority: bool,
}

/// Reads the first certificate of a file.
pub(super) fn certificate(pem: &[u8]) -> Option<Certificate> {
    let der = first(std::str::from_utf8(pem).ok()?)?;
    let (_, certificate, _) = element(&der)?;
    let (_, mut rest, _) = element(certificate)?;
    if rest.first() == Some(&VERSION) {
        rest = element(rest)?.2;
    }
    // The serial number, the algorithm and the issuer.
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (tag, validity, rest) = element(rest)?;
    if tag != SEQUENCE {
        return None;
    }
    let (from_tag, from, behind_from) = element(validity)?;
    let (until_tag, until, _) = element(behind_from)?;
    let (from, until) = (time(from_tag, from)?, time(until_tag, until)?);
    Some(Certificate { from, until, is_authority: extensions(rest).is_some_and(vouches) })
}

/// The extensions, behind the validity, the subject and the key.
fn extensions(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let (tag, content, behind) = element(rest)?;
        if tag == EXTENSIONS {
            return Some(element(content)?.1);
        }
        rest = behind;
    }
}

/// Whether one of the extensions says that the certificate is that of an authority.
fn vouches(mut extensions: &[u8]) -> bool {
    while let Some((_, extension, behind)) = element(extensions) {
        if let Some(rest) = extension.strip_prefix(&BASIC_CONSTRAINTS) {
            // Whether it is critical stands before what it says.
            let constraints = rest.strip_prefix(&TRUE).unwrap_or(rest);
            let said = element(constraints).filter(|(tag, ..)| *tag == OCTET_STRING);
            return said
                .and_then(|(_, content, _)| element(content))
                .is_some_and(|(_, content, _)| content.starts_with(&TRUE));
        }
        extensions = behind;
    }
    false
}

/// The day of a time, `2026-11-30`.
pub(super) fn day(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let (year, month, day) = civil(seconds / 86_400);
    format!("{year:04}-{month:02}-{day:02}")
}

/// The bytes of the first block.
fn first(pem: &str) -> Option<Vec<u8>> {
    let (_, behind) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (block, _) = behind.split_once("-----END CERTIFICATE-----")?;
    let digits: String = block.split_whitespace().collect();
    STANDARD.decode(digits).ok()
}

/// The tag and the content of the first element, and what is behind it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`.
fn time(tag: u8, text: &[u8]) -> Option<SystemTime> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |at: usize| text.get(at..at + 2)?.parse::<u64>().ok();
    let (year, start) = match tag {
        // Those from 50 on are of the last century (RFC 5280, 4.1.2.5.1).
        UTC_TIME => (number(0).map(|year| if year < 50 { 2000 + year } else { 1900 + year })?, 2),
        GENERALIZED_TIME => (number(0)? * 100 + number(2)?, 4),
        _ => return None,
    };
    let parts =
        [number(start)?, number(start + 2)?, number(start + 4)?, number(start + 6)?, number(start + 8)?];
    let [month, day, hour, minute, second] = parts;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year < 1970 {
        return None;
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

/// The days from 1970 to a date from then on.
const fn days(year: u64, month: u64, day: u64) -> u64 {
    // Years begin in March, so that the day of leap years is their last one.
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let since_zero = year * 365 + year / 4 - year / 100 + year / 400;
    since_zero + (month * 153 + 2) / 5 + day - 1 - 719_468
}

/// The date of a day since 1970.
const fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_certificates_are_read() {
        for (tag, text, day_of_it) in [
            (UTC_TIME, "261130214400Z", Some("2026-11-30")),
            (UTC_TIME, "700101000000Z", Some("1970-01-01")),
            (GENERALIZED_TIME, "20500228235959Z", Some("2050-02-28")),
            (GENERALIZED_TIME, "99991231235959Z", Some("9999-12-31")),
            (UTC_TIME, "261330214400Z", None),
            (UTC_TIME, "500101000000Z", None),
            (UTC_TIME, "2611302144Z", None),
            (UTC_TIME, "261130214400+0100", None),
            (0x04, "261130214400Z", None),
        ] {
            assert_eq!(time(tag, text.as_bytes()).map(day).as_deref(), day_of_it, "{text}");
        }
    }

    #[test]
    fn every_day_is_itself() {
        for day_since in (0..200_000).step_by(13) {
            let (year, month, day) = civil(day_since);
            assert_eq!(days(year, month, day), day_since);
        }
        assert_eq!(civil(11_016), (2000, 2, 29));
    }

    #[test]
    fn what_is_no_certificate_has_no_validity() {
        for pem in [
            "",
            "-----BEGIN CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\n====\n-----END CERTIFICATE-----",
        ] {
            assert_eq!(certificate(pem.as_bytes()), None, "{pem}");
        }
        let mut nonsense = vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff];
        nonsense.extend([0x30; 64]);
        let pem =
            format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----", STANDARD.encode(nonsense));
        assert_eq!(certificate(pem.as_bytes()), None);
    }
}
