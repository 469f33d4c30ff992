//! What is refused, and what the log says about it.

use super::*;
use crate::auth::JwtAlgorithm;

fn part(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

#[test]
fn a_token_that_is_none_is_refused() {
    let header = part(r#"{"alg":"HS256"}"#);
    let body = part(r#"{"sub":"joe"}"#);
    let long = "x".repeat(20_000);
    for (token, why) in [
        (String::new(), "1 parts"),
        ("..".to_owned(), "header is not JSON"),
        (format!("{header}.{body}"), "2 parts"),
        (format!("{header}.{body}.AA.AA"), "4 parts"),
        (format!("{header}.{body}.A"), "signature is not base64url"),
        (format!("{header}.{body}.AA=="), "signature is not base64url"),
        (format!("{header}.{body}.AB"), "signature is not base64url"),
        (format!("!.{body}.AA"), "header is not base64url"),
        (format!("{}.{body}.AA", part("[1]")), "not a JSON object"),
        (format!("{}.{body}.AA", part("{}")), "no text \"alg\""),
        (format!("{}.{body}.AA", part(r#"{"alg":["HS256"]}"#)), "no text \"alg\""),
        (format!("{}.{body}.", part(r#"{"alg":"none"}"#)), "\"none\" is not supported"),
        (format!("{}.{body}.AA", part(r#"{"alg":"NONE"}"#)), "\"NONE\" is not supported"),
        (format!("{}.{body}.AA", part(r#"{"alg":"hs256"}"#)), "\"hs256\" is not supported"),
        (format!("{}.{body}.AA", part(r#"{"alg":"HS256","crit":["exp"]}"#)), "crit"),
        (format!("{}.{body}.AA", part(r#"{"alg":"HS256","typ":"logout+jwt"}"#)), "another kind"),
        (format!("{}.{body}.AA", part(r#"{"alg":"HS256","typ":7}"#)), "another kind"),
        (format!("{}.{body}.AA", part(r#"{"alg":"HS256","kid":7}"#)), "\"kid\" is not text"),
        (format!("{header}.{long}.AA"), "at most"),
    ] {
        let fault = JwtToken::read(token.as_bytes()).unwrap_err();
        assert!(fault.contains(why), "{token}: {fault}");
    }
    assert!(JwtToken::read(b"a.\xff.b").unwrap_err().contains("not text"));
}

#[test]
fn claims_that_are_wrong_are_refused() {
    let settings = JwtSettings::new(keys()).audience("chat").issuer("login").role_from("role", ["member"]);
    let good = r#""sub":"joe","exp":1800000100,"iss":"login","aud":"chat","role":"member""#;
    assert!(read(&settings, &format!("{{{good}}}")).is_ok());
    for (replaced, by, why) in [
        (r#""exp":1800000100,"#, "", "no claim \"exp\""),
        ("1800000100", "1799999940", "expired 60 seconds ago"),
        ("1800000100", "\"1800000100\"", "\"exp\" is not a number"),
        ("1800000100", "null", "\"exp\" is not a number"),
        ("1800000100", "-1", "\"exp\" is not a number"),
        ("1800000100", "1e300", "\"exp\" is not a number"),
        ("1800000100", "18446744073709551615", "\"exp\" is not a number"),
        ("1800000100", "1800000100,\"nbf\":1800000061", "becomes valid in 61 seconds"),
        ("1800000100", "1800000100,\"nbf\":\"now\"", "\"nbf\" is not a number"),
        (r#","iss":"login""#, "", "no claim \"iss\""),
        ("\"login\"", "\"elsewhere\"", "issuer is"),
        ("\"login\"", "[\"login\"]", "\"iss\" is not text"),
        (r#","aud":"chat""#, "", "no claim \"aud\""),
        ("\"chat\"", "\"mail\"", "names others"),
        ("\"chat\"", "[]", "names others"),
        ("\"chat\"", "[[\"chat\"]]", "names others"),
        ("\"chat\"", "{\"chat\":1}", "neither text nor a list"),
        (r#""sub":"joe","#, "", "no claim \"sub\""),
        ("\"joe\"", "\"\"", "is empty"),
        ("\"joe\"", "7", "\"sub\" is not text"),
        ("\"joe\"", &format!("\"{}\"", "x".repeat(257)), "longer than"),
        ("\"member\"", "\"admin\"", "none of the allowed roles"),
        (r#","role":"member""#, "", "no claim \"role\""),
    ] {
        let json = format!("{{{}}}", good.replace(replaced, by));
        let fault = refusal(&settings, &json);
        assert!(fault.contains(why), "{json}: {fault}");
    }
}

#[test]
fn a_token_for_others_is_refused_where_nobody_says_who_we_are() {
    let settings = JwtSettings::new(keys());
    assert!(read(&settings, r#"{"sub":"joe","exp":1800000100,"iss":"anybody"}"#).is_ok());
    assert!(refusal(&settings, r#"{"sub":"joe","exp":1800000100,"aud":"mail"}"#).contains("names others"));
}

#[test]
fn clocks_may_differ_by_the_leeway() {
    let ahead =
        |settings: &JwtSettings, exp: u64| read(settings, &format!(r#"{{"sub":"joe","exp":{exp}}}"#)).is_ok();
    let exact = JwtSettings::new(keys()).leeway(Duration::ZERO);
    assert_eq!([ahead(&exact, 1_800_000_001), ahead(&exact, 1_800_000_000)], [true, false]);
    let lenient = JwtSettings::new(keys());
    assert_eq!([ahead(&lenient, 1_799_999_941), ahead(&lenient, 1_799_999_940)], [true, false]);
}

/// A public key is no secret of HMAC, whatever the header says.
#[test]
fn a_key_signs_with_the_algorithms_of_its_kind_alone() {
    let jwk =
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"one"}"#;
    let keys = KeySet::read(jwk.as_bytes()).unwrap();
    let public = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
    let confused = JwtSigner::from_secret(Secret::new(&public)).unwrap().key_id("one");
    let token = confused.sign([("sub", "admin".into())]).unwrap();
    assert_eq!(keys.check(&JwtToken::read(token.as_bytes()).unwrap(), &[]), Signed::WrongAlgorithm);
    // A secret is for the algorithm that its JWK names, and for those that the settings name.
    let jwk = format!(r#"{{"kty":"oct","k":"{}","alg":"HS384"}}"#, URL_SAFE_NO_PAD.encode([7; 64]));
    let keys = KeySet::read(jwk.as_bytes()).unwrap();
    let token = JwtSigner::from_secret(Secret::new([7; 64])).unwrap().sign([("sub", "joe".into())]).unwrap();
    assert_eq!(keys.check(&JwtToken::read(token.as_bytes()).unwrap(), &[]), Signed::WrongAlgorithm);
    let keys = KeySet::read(jwk.replace(",\"alg\":\"HS384\"", "").as_bytes()).unwrap();
    let token = JwtToken::read(token.as_bytes()).unwrap();
    assert_eq!(keys.check(&token, &[]), Signed::Yes);
    assert_eq!(keys.check(&token, &[JwtAlgorithm::Hs512]), Signed::WrongAlgorithm);
}

#[test]
fn keys_that_cannot_be_used_are_named_with_the_reason() {
    for (contents, why) in [
        ("", "no public key in it"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "openssl x509"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "damaged"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n", "damaged"),
        ("{", "not JSON"),
        ("{}", "no \"kty\""),
        (r#"{"keys":{}}"#, "not a list"),
        (r#"{"keys":[]}"#, "no keys"),
        (r#"{"keys":[{"kty":"RSA","use":"enc","kid":"a"}]}"#, "the key with id \"a\": it is for \"enc\""),
        (r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, "expected 2048 to 8192"),
        (r#"{"kty":"RSA","n":"AQAB"}"#, "no \"e\""),
        (r#"{"kty":"RSA","n":"???","e":"AQAB"}"#, "\"n\" is not base64url"),
        (r#"{"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"}"#, "expected 65"),
        (r#"{"kty":"EC","crv":"secp256k1","x":"AQAB","y":"AQAB"}"#, "not supported"),
        (r#"{"kty":"OKP","crv":"Ed25519","x":"AQAB"}"#, "expected 32"),
        (r#"{"kty":"oct","k":"AQAB"}"#, "at least 32"),
        (
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"RS256"}"#,
            "does not fit",
        ),
        (
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","key_ops":["sign"]}"#,
            "key_ops",
        ),
    ] {
        let problem = KeySet::read(contents.as_bytes()).unwrap_err();
        assert!(problem.contains(why), "{contents}: {problem}");
    }
    assert!(JwtKeys::from_secret(Secret::new("short")).unwrap_err().to_string().contains("at least 32"));
    assert!(
        JwtKeys::from_file("/nowhere/keys")
            .unwrap_err()
            .to_string()
            .starts_with("/nowhere/keys cannot be used")
    );
    assert!(
        JwtSigner::from_file("/nowhere/key")
            .unwrap_err()
            .to_string()
            .starts_with("/nowhere/key cannot be used")
    );
    // A secret is nothing that a server on the network hands out.
    let jwk = format!(r#"{{"kty":"oct","k":"{}"}}"#, URL_SAFE_NO_PAD.encode([7; 32]));
    assert!(KeySet::from_json(jwk.as_bytes(), false).unwrap_err().contains("secret"));
}

#[test]
fn no_bytes_make_the_reader_panic() {
    let token = JwtSigner::from_secret(Secret::new(SECRET)).unwrap().sign([("sub", "joe".into())]).unwrap();
    for at in 0..token.len() {
        drop(JwtToken::read(&token.as_bytes()[..at]));
        for octet in [0, b'.', b'A', b'=', 0xff] {
            let mut damaged = token.clone().into_bytes();
            damaged[at] = octet;
            if let Ok(token) = JwtToken::read(&damaged) {
                drop(token.claims());
            }
        }
    }
}
