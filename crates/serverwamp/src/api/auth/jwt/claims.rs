//! The claims of a token whose signature is right: whether it is for us and for now (RFC 7519, 4.1), and whom it names.

use super::settings::{JwtSettings, RoleFrom};
use super::token::{TokenFault, excerpt};
use crate::auth::Principal;
use serverwamp_proto::codec::{Dict, Value};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

/// The end of the year 9999, beyond which a number is no date.
const LAST_SECOND: f64 = 253_402_300_799.0;
/// The longest authid that a token may give. Authids are shown in every log line and in the meta API.
const LONGEST_AUTHID: usize = 256;

/// The claims of the token that a session came in with: the session's [`Identity`](crate::extract::Identity).
///
/// ```
/// use serverwamp::auth::JwtClaims;
/// use serverwamp::extract::Identity;
///
/// async fn mail_address(claims: Identity<JwtClaims>) -> Option<String> {
///     claims.get("email")?.as_str().map(str::to_owned)
/// }
/// # serverwamp::RouteSet::<()>::new().procedure("me.mail_address", mail_address);
/// ```
#[derive(Clone, Debug)]
pub struct JwtClaims(Arc<Dict>);

impl JwtClaims {
    /// The claim of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// All claims.
    pub fn all(&self) -> &Dict {
        &self.0
    }
}

/// The peer that the claims name, if the token is for us and for now.
pub(super) fn principal(
    settings: &JwtSettings,
    claims: Dict,
    now: Duration,
) -> Result<(Principal, JwtClaims), TokenFault> {
    let expires = in_time(settings, &claims, now)?;
    issued_for_us(settings, &claims)?;
    let authid = match claim(&claims, &settings.authid_claim) {
        Some(Value::Text(authid)) if authid.is_empty() => {
            return Err(format!("the claim {:?} is empty", settings.authid_claim).into());
        }
        Some(Value::Text(authid)) if authid.len() > LONGEST_AUTHID => {
            return Err(format!(
                "the claim {:?} is longer than {LONGEST_AUTHID} bytes",
                settings.authid_claim
            )
            .into());
        }
        Some(Value::Text(authid)) => authid.clone(),
        Some(_) => return Err(format!("the claim {:?} is not text", settings.authid_claim).into()),
        None => return Err(format!("there is no claim {:?}", settings.authid_claim).into()),
    };
    let role = role(&settings.role, &claims)?;
    let provider = settings.provider.clone();
    // Within the leeway it is accepted, so it expires behind that.
    let expires = UNIX_EPOCH.checked_add(expires.saturating_add(settings.leeway));
    let claims = JwtClaims(Arc::new(claims));
    let principal = Principal::new(authid).role(role).provider(provider).identity(claims.clone());
    Ok((expires.into_iter().fold(principal, Principal::expires_at), claims))
}

/// Checks `exp` and `nbf`, and returns the first.
fn in_time(settings: &JwtSettings, claims: &Dict, now: Duration) -> Result<Duration, TokenFault> {
    let expires = date(claims, "exp")?.ok_or("there is no claim \"exp\"")?;
    if expires.saturating_add(settings.leeway) <= now {
        let past = now.saturating_sub(expires).as_secs();
        return Err(format!("the token expired {past} seconds ago").into());
    }
    if let Some(begins) = date(claims, "nbf")?
        && begins > now.saturating_add(settings.leeway)
    {
        let ahead = begins.saturating_sub(now).as_secs();
        return Err(format!("the token becomes valid in {ahead} seconds").into());
    }
    Ok(expires)
}

/// A number of seconds since 1970, which may have a fraction (RFC 7519, 2.).
fn date(claims: &Dict, name: &str) -> Result<Option<Duration>, TokenFault> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    match value.as_f64() {
        Some(seconds) if (0.0..=LAST_SECOND).contains(&seconds) => Ok(Some(Duration::from_secs_f64(seconds))),
        _ => Err(format!("the claim {name:?} is not a number of seconds since 1970").into()),
    }
}

/// Checks `iss` and `aud`.
fn issued_for_us(settings: &JwtSettings, claims: &Dict) -> Result<(), TokenFault> {
    if let Some(issuers) = settings.issuers() {
        match claims.get("iss") {
            Some(Value::Text(issuer)) if issuers.contains(&issuer.as_str()) => {}
            Some(Value::Text(issuer)) => return Err(format!("the issuer is {:?}", excerpt(issuer)).into()),
            Some(_) => return Err("the claim \"iss\" is not text".into()),
            None => return Err("there is no claim \"iss\"".into()),
        }
    }
    let is_ours = |audience: &Value| {
        audience.as_str().is_some_and(|audience| settings.audiences.iter().any(|ours| ours == audience))
    };
    match claims.get("aud") {
        None if settings.audiences.is_empty() => Ok(()),
        None => Err("there is no claim \"aud\"".into()),
        // RFC 7519, 4.1.3: who does not find itself in the audience must refuse the token.
        Some(audience @ Value::Text(_)) if is_ours(audience) => Ok(()),
        Some(Value::List(several)) if several.iter().any(is_ours) => Ok(()),
        Some(Value::Text(_) | Value::List(_)) => Err("the claim \"aud\" names others".into()),
        Some(_) => Err("the claim \"aud\" is neither text nor a list".into()),
    }
}

/// The role: fixed, or the first allowed one that the claim has.
fn role(from: &RoleFrom, claims: &Dict) -> Result<String, TokenFault> {
    let (name, allowed) = match from {
        RoleFrom::Fixed(role) => return Ok(role.clone()),
        RoleFrom::Claim { name, allowed } => (name, allowed),
    };
    let has = |role: &str| match claim(claims, name) {
        Some(Value::Text(one)) => Ok(one == role),
        Some(Value::List(several)) => Ok(several.iter().any(|one| one.as_str() == Some(role))),
        Some(_) => Err(TokenFault::from(format!("the claim {name:?} is neither text nor a list"))),
        None => Err(format!("there is no claim {name:?}").into()),
    };
    for role in allowed {
        if has(role)? {
            return Ok(role.clone());
        }
    }
    Err(format!("the claim {name:?} has none of the allowed roles").into())
}

/// The claim of this name, or the one that the dots in the name lead to: `realm_access.roles`.
fn claim<'a>(claims: &'a Dict, name: &str) -> Option<&'a Value> {
    if let Some(claim) = claims.get(name) {
        return Some(claim);
    }
    let mut parts = name.split('.');
    let first = claims.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}
