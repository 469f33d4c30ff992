//! What may be a secret is not printed, whichever mistake stands on its line.
//!
//! In: the text of a file, or the value of a variable. Out: the same text with `*` in place of the letters of values whose keys say that they
//! are secrets, and of passwords in URLs. Invariant: it has as many bytes as before, so that places stay where they are.

/// What the name of a key or a variable contains whose value is a secret.
const NAMES: [&str; 5] = ["secret", "password", "passwd", "token", "ticket"];

/// Whether a variable of this name may have a secret.
pub(crate) fn names_a_secret(variable: &str) -> bool {
    let name = variable.to_ascii_lowercase();
    NAMES.iter().any(|secret| name.contains(secret))
}

/// The text without secrets.
pub(crate) fn masked(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut masked = text.as_bytes().to_vec();
    for name in NAMES {
        for (at, _) in lower.match_indices(name) {
            let end =
                skip(&masked, at + name.len(), |byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
            let end = skip(&masked, end, |byte| b"\"' ".contains(&byte));
            if masked.get(end) == Some(&b'=') {
                mask_value(&mut masked, end + 1);
            }
        }
    }
    for (at, _) in lower.match_indices("://") {
        let end = skip(&masked, at + 3, |byte| !byte.is_ascii_whitespace() && !b"\"'/@".contains(&byte));
        if masked.get(end) == Some(&b'@') {
            let start = skip(&masked, at + 3, |byte| byte != b':').min(end);
            mask(&mut masked, start + 1, end);
        }
    }
    // Whole runs between ASCII letters were replaced.
    String::from_utf8(masked).unwrap_or_default()
}

/// The first byte from `at` on that is not like this.
fn skip(text: &[u8], at: usize, mut like: impl FnMut(u8) -> bool) -> usize {
    (at..text.len()).find(|at| !like(text[*at])).unwrap_or(text.len())
}

fn mask(text: &mut [u8], start: usize, end: usize) {
    if let Some(letters) = text.get_mut(start..end) {
        letters.fill(b'*');
    }
}

/// Masks the value that begins here: a string, the strings of a list or table on this line, or whatever else to its end.
fn mask_value(text: &mut [u8], at: usize) {
    let at = skip(text, at, |byte| byte == b' ');
    match text.get(at) {
        Some(b'"' | b'\'') => {
            mask_string(text, at);
        }
        Some(open @ (b'[' | b'{')) => {
            let close = if *open == b'[' { b']' } else { b'}' };
            let mut at = at + 1;
            while let Some(byte) = text.get(at).copied().filter(|byte| *byte != close && *byte != b'\n') {
                let is_string = byte == b'"' || byte == b'\'';
                at = if is_string && !says_where(text, at) {
                    mask_string(text, at)
                } else if is_string {
                    string_end(text, at) + 1
                } else {
                    at + 1
                };
            }
        }
        Some(_) => {
            let end = skip(text, at, |byte| !byte.is_ascii_whitespace() && !b"\"',}&".contains(&byte));
            mask(text, at, end);
        }
        None => {}
    }
}

/// Where a string ends that begins here: at its quote, or at the end of the line.
fn string_end(text: &[u8], at: usize) -> usize {
    let quote = text[at];
    let mut escaped = false;
    skip(text, at + 1, |byte| {
        let goes_on = escaped || (byte != quote && byte != b'\n');
        escaped = byte == b'\\' && !escaped;
        goes_on
    })
}

fn mask_string(text: &mut [u8], at: usize) -> usize {
    let end = string_end(text, at);
    mask(text, at + 1, end);
    end + 1
}

/// Whether the string is a path or the name of a variable, where the secret is.
fn says_where(text: &[u8], at: usize) -> bool {
    let before = text[..at].trim_ascii_end();
    let key = before.strip_suffix(b"=").map_or(&b""[..], <[u8]>::trim_ascii_end);
    key.ends_with(b"file") || key.ends_with(b"env")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_masked_and_nothing_is_moved() {
        for (text, printed) in [
            ("jwt = { secret = \"AAAA\" }", "jwt = { secret = \"****\" }"),
            ("[{secret=\"A\\\"B\"},{ secret = 'CC' }]", "[{secret=\"****\"},{ secret = '**' }]"),
            ("secret = { file = \"a b\", value = \"XX\" }", "secret = { file = \"a b\", value = \"**\" }"),
            ("secret = { env = \"NAME\" }", "secret = { env = \"NAME\" }"),
            ("secrets = [\"XX\", \"Y\"]", "secrets = [\"**\", \"*\"]"),
            ("auth_secret = \"not closed\nx = \"y\"", "auth_secret = \"**********\nx = \"y\""),
            ("file = { path = \"p\", password=\"hü\" }", "file = { path = \"p\", password=\"***\" }"),
            (
                "url = \"https://me:pass@example.com/?token=X&a=b\"",
                "url = \"https://me:****@example.com/?token=*&a=b\"",
            ),
            ("methods = [\"ticket\", \"cra\"]", "methods = [\"ticket\", \"cra\"]"),
            ("method = \"ticket\"\nprocedure = \"a\"", "method = \"ticket\"\nprocedure = \"a\""),
            ("", ""),
        ] {
            assert_eq!(masked(text), printed);
            assert_eq!(masked(text).len(), text.len());
        }
        assert!(names_a_secret("SERVERWAMP_REALM__0__AUTH__0__JWT__SECRET"));
        assert!(!names_a_secret("SERVERWAMP_LIMITS__CONNECTIONS"));
    }
}
