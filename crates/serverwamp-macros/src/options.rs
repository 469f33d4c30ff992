//! The options of `#[debug_handler(..)]`: the kind of request, and the state.

use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Result, Token, Type};

const KINDS: &str = "expected `procedure`, `topic`, `event`, `on_connect`, `on_join`, `authorizer`, `auth::transport`, \
                     `auth::ticket`, `auth::cra` or `auth::custom`, which is where the handler is registered, or \
                     `state = ..`";

/// The options of the attribute.
pub(crate) struct Options {
    /// The module of `serverwamp::__debug_handler` with the checks of this kind of request.
    pub(crate) kind: Ident,
    /// The application's state, when the attribute names it.
    pub(crate) state: Option<Type>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut kind = None;
        let mut state = None;
        while !input.is_empty() {
            let word: Ident = input.parse().map_err(|error| Error::new(error.span(), KINDS))?;
            if word == "state" {
                input.parse::<Token![=]>()?;
                if state.replace(input.parse()?).is_some() {
                    return Err(Error::new(word.span(), "the state is named twice: an application has one"));
                }
            } else if kind.replace(kind_named(&word, input)?).is_some() {
                let text = "a handler has one kind of request: leave the other one out";
                return Err(Error::new(word.span(), text));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        let kind = kind.unwrap_or_else(|| Ident::new("procedure", Span::call_site()));
        Ok(Self { kind, state })
    }
}

/// The module for a kind of request, whose first word has been read.
fn kind_named(word: &Ident, input: ParseStream<'_>) -> Result<Ident> {
    if ["procedure", "topic", "event", "on_connect", "on_join", "authorizer"].iter().any(|kind| word == kind)
    {
        return Ok(word.clone());
    }
    if word != "auth" {
        return Err(Error::new(word.span(), KINDS));
    }
    input.parse::<Token![::]>().map_err(|_| Error::new(word.span(), KINDS))?;
    let method: Ident = input.parse()?;
    match method.to_string().as_str() {
        "transport" | "ticket" | "cra" | "custom" => Ok(format_ident!("auth_{method}")),
        "cra_salted" => Ok(Ident::new("auth_cra", method.span())),
        _ => Err(Error::new(method.span(), KINDS)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::ToTokens;

    fn parsed(text: &str) -> std::result::Result<(String, Option<String>), String> {
        let options: Options = syn::parse_str(text).map_err(|error| error.to_string())?;
        Ok((options.kind.to_string(), options.state.map(|state| state.to_token_stream().to_string())))
    }

    #[test]
    fn options_that_say_nothing_or_too_much_are_refused() {
        for unknown in ["publication", "auth", "auth::none", "1", "procedures"] {
            assert_eq!(parsed(unknown), Err(KINDS.to_owned()), "{unknown}");
        }
        assert!(parsed("topic, procedure").is_err_and(|text| text.contains("one kind")));
        assert!(parsed("state = A, state = B").is_err_and(|text| text.contains("twice")));
        assert!(parsed("state").is_err());
        assert!(parsed("topic state = A").is_err());
    }

    #[test]
    fn a_kind_is_named_by_where_the_handler_is_registered() {
        let kind = |text: &str| parsed(text).map(|(kind, _)| kind);
        assert_eq!(kind(""), Ok("procedure".into()));
        assert_eq!(kind("topic"), Ok("topic".into()));
        assert_eq!(kind("event"), Ok("event".into()));
        assert_eq!(kind("on_join,"), Ok("on_join".into()));
        assert_eq!(kind("authorizer"), Ok("authorizer".into()));
        assert_eq!(kind("auth::ticket"), Ok("auth_ticket".into()));
        assert_eq!(kind("auth::cra_salted"), Ok("auth_cra".into()));
        assert_eq!(parsed("state = Vec<u8>, topic"), Ok(("topic".into(), Some("Vec < u8 >".into()))));
    }
}
