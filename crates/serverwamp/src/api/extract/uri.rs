//! Extractors of the URI that was called.

use super::FromRequest;
use crate::WampError;
use crate::peering::{Invocation, Matched};
use std::convert::Infallible;
use std::sync::Arc;

/// The URI that was called; with a pattern route this is the concrete one.
#[derive(Clone, Debug)]
pub struct Procedure(pub Arc<str>);

/// The URI that is subscribed to, as the peer wrote it: with `match` prefix or wildcard this is a pattern.
#[derive(Clone, Debug)]
pub struct Topic(pub Arc<str>);

/// The matches of the variable parts of a route's pattern, in order.
///
/// A wildcard route gives one text for each empty component, a prefix route the rest behind the prefix, a
/// regular-expression route its groups (an unused group is an empty text), an exact route nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Captures(pub Vec<String>);

impl<S: Sync> FromRequest<Invocation, S> for Procedure {
    type Rejection = Infallible;

    async fn from_request(request: &mut Invocation, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Arc::clone(&request.call.procedure)))
    }
}

pub(super) fn texts(captures: Option<Vec<&str>>) -> Vec<String> {
    captures.unwrap_or_default().into_iter().map(String::from).collect()
}

impl<S: Sync> FromRequest<Invocation, S> for Captures {
    type Rejection = WampError;

    async fn from_request(request: &mut Invocation, _: &S) -> Result<Self, WampError> {
        Ok(Self(match &request.call.matched {
            Matched::Exact => Vec::new(),
            Matched::Pattern(pattern) => texts(pattern.captures(&request.call.procedure)),
            Matched::Regex(regex) => regex.captures(&request.call.procedure),
        }))
    }
}
