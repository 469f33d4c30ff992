//! Public keys as OpenSSL writes them: SubjectPublicKeyInfo (RFC 5280, 4.1.2.7) in DER.
//!
//! In: the bytes of a PEM section `PUBLIC KEY`. Out: the key, or why there is none. Only the few forms that name a key's
//! algorithm are read; ring checks the key itself.

use super::key::Material;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT: u8 = 0x06;

/// 1.2.840.113549.1.1.1
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 1.3.132.0.34
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
/// 1.3.101.112
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// The key in a SubjectPublicKeyInfo.
pub(super) fn public_key(der: &[u8]) -> Result<Material, String> {
    let damaged = || "it is damaged: not a SubjectPublicKeyInfo in DER".to_owned();
    let (info, _) = element(der, SEQUENCE).ok_or_else(damaged)?;
    let (algorithm, rest) = element(info, SEQUENCE).ok_or_else(damaged)?;
    let (kind, parameters) = element(algorithm, OBJECT).ok_or_else(damaged)?;
    let (bits, _) = element(rest, BIT_STRING).ok_or_else(damaged)?;
    // The first octet counts the unused bits, of which a key has none.
    let key = bits.strip_prefix(&[0]).ok_or_else(damaged)?;
    match kind {
        RSA => {
            let (numbers, _) = element(key, SEQUENCE).ok_or_else(damaged)?;
            let (n, rest) = element(numbers, INTEGER).ok_or_else(damaged)?;
            let (e, _) = element(rest, INTEGER).ok_or_else(damaged)?;
            Material::rsa(n, e)
        }
        EC => match element(parameters, OBJECT) {
            Some((P256, _)) => Material::p256(key),
            Some((P384, _)) => Material::p384(key),
            _ => Err("it is on another curve than P-256 and P-384".to_owned()),
        },
        ED25519 => Material::ed25519(key),
        _ => Err("it is neither RSA, nor ECDSA on P-256 or P-384, nor Ed25519".to_owned()),
    }
}

/// The contents of the first element, if it is of this kind, and what stands behind it.
fn element(der: &[u8], kind: u8) -> Option<(&[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 | 0x82 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    (tag == kind).then_some(())?;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_that_is_cut_off_is_none() {
        assert_eq!(element(&[0x02, 1, 7, 9], INTEGER), Some((&[7_u8][..], &[9_u8][..])));
        for damaged in
            [&[0x02, 2, 7][..], &[0x02], &[], &[0x03, 1, 7], &[0x02, 0x83, 0, 0, 1, 7], &[0x02, 0x81]]
        {
            assert_eq!(element(damaged, INTEGER), None, "{damaged:?}");
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic() {
        let ed25519: Vec<u8> =
            [&[0x30, 42, 0x30, 5, 0x06, 3, 0x2b, 0x65, 0x70, 0x03, 33, 0][..], &[7; 32]].concat();
        assert!(matches!(public_key(&ed25519), Ok(Material::Ed25519(_))));
        for at in 0..ed25519.len() {
            assert!(public_key(&ed25519[..at]).is_err());
            let mut damaged = ed25519.clone();
            damaged[at] ^= 0xff;
            // A changed octet of the key itself is another key.
            assert_eq!(public_key(&damaged).is_ok(), at >= 12, "{at}");
        }
    }
}
