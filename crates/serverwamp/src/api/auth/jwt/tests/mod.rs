//! Tokens that are accepted, and all the others.

mod keys;
mod refused;

use super::claims::principal;
use super::key_set::{KeySet, Signed};
use super::token::{JwtToken, TokenFault};
use super::{JwtClaims, JwtKeys, JwtSettings, JwtSigner};
use crate::auth::{Principal, Secret};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serverwamp_proto::codec::{Dict, Serializer, Value, from_slice};
use std::time::Duration;

const SECRET: &str = "a secret that has more than 32 bytes";
const NOW: Duration = Duration::from_secs(1_800_000_000);

fn keys() -> JwtKeys {
    JwtKeys::from_secret(Secret::new(SECRET)).unwrap()
}

fn claims(json: &str) -> Dict {
    let Value::Dict(claims) = from_slice(Serializer::Json, json.as_bytes()).unwrap() else {
        panic!("{json}")
    };
    claims
}

/// The principal of claims that are signed as they have to be.
fn read(settings: &JwtSettings, json: &str) -> Result<Principal, TokenFault> {
    let signer = JwtSigner::from_secret(Secret::new(SECRET)).unwrap();
    let token = signer.sign(claims(json).iter().map(|(name, value)| (name, value.clone()))).unwrap();
    let token = JwtToken::read(token.as_bytes())?;
    assert_eq!(
        KeySet::of(super::key::Material::secret(Secret::new(SECRET)).unwrap()).check(&token, &[]),
        Signed::Yes
    );
    principal(settings, token.claims()?, NOW).map(|(principal, _)| principal)
}

fn refusal(settings: &JwtSettings, json: &str) -> String {
    read(settings, json).map(|principal| format!("accepted as {principal:?}")).unwrap_err().into_owned()
}

/// The known answers of RFC 7515, A.1 and A.3, and RFC 8037, A.4.
#[test]
fn the_known_answers_of_the_specifications_are_right() {
    for (jwk, token) in [
        (
            r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
             eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
             dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        ),
        (
            r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
            "eyJhbGciOiJFUzI1NiJ9.\
             eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
             DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ),
        (
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
             hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        ),
    ] {
        let keys = KeySet::read(jwk.as_bytes()).unwrap();
        assert_eq!(keys.check(&JwtToken::read(token.as_bytes()).unwrap(), &[]), Signed::Yes, "{token}");
        // One bit of the signature, of the claims, of the header.
        for (at, part) in token.split('.').enumerate() {
            let mut octets = URL_SAFE_NO_PAD.decode(part).unwrap();
            let last = octets.len() - 2;
            octets[last] ^= 1;
            let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
            parts[at] = URL_SAFE_NO_PAD.encode(octets);
            let forged = parts.join(".");
            if let Ok(token) = JwtToken::read(forged.as_bytes()) {
                assert_ne!(keys.check(&token, &[]), Signed::Yes, "{forged}");
            }
        }
    }
}

#[test]
fn a_token_names_authid_role_and_expiry() {
    let settings = JwtSettings::new(keys()).audience("chat").audience("shop").issuer("login").role("member");
    let one = read(
        &settings,
        r#"{"sub":"joe","exp":1800000100.5,"nbf":1800000000,"iss":"login","aud":["mail","shop"],"email":"joe@example.com"}"#,
    )
    .unwrap();
    assert_eq!((one.authid(), one.authrole(), one.authprovider()), ("joe", "member", "jwt"));
    let claims = one.identity_value().unwrap().downcast_ref::<JwtClaims>().unwrap();
    assert_eq!(claims.get("email").and_then(Value::as_str), Some("joe@example.com"));
    assert_eq!(claims.all().len(), 6);
}

#[test]
fn the_role_comes_from_a_claim_through_a_list() {
    let settings = JwtSettings::new(keys()).role_from("realm_access.roles", ["admin", "member"]);
    let role = |roles: &str| {
        let claims = format!(r#"{{"sub":"joe","exp":1900000000,"realm_access":{{"roles":{roles}}}}}"#);
        read(&settings, &claims).map(|principal| principal.authrole().to_owned())
    };
    assert_eq!(role(r#"["member", "admin"]"#).unwrap(), "admin");
    assert_eq!(role(r#""member""#).unwrap(), "member");
    for roles in [r#"["root"]"#, "[]", r#""""#, "7", "null", r#"[["admin"]]"#, r#"{"admin": true}"#] {
        assert!(role(roles).is_err(), "{roles}");
    }
    // A name with dots of its own, as issuers use URLs.
    let settings =
        JwtSettings::new(keys()).role_from("https://example.com/role", ["member"]).authid_from("user.name");
    let one =
        read(&settings, r#"{"exp":1900000000,"https://example.com/role":"member","user":{"name":"joe"}}"#);
    assert_eq!(one.unwrap().authid(), "joe");
}
