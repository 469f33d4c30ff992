//! The checks that stand beside a handler: calls of functions in `serverwamp::__debug_handler`, whose bounds the
//! arguments and the result have to meet, each with the place in the source of what it is about.

use crate::options::Options;
use crate::signature::{Signature, names};
use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, GenericArgument, PathArguments, Result, ReturnType, Type, parse_quote};

/// An item that is compiled for its errors and holds no code that runs.
pub(crate) fn checks(options: &Options, signature: &Signature) -> Result<TokenStream> {
    let Signature { conditions, name, .. } = signature;
    let kind = &options.kind;
    let state = state(options, signature)?;
    let state_check = options
        .state
        .iter()
        .map(|state| quote_spanned!(state.span()=> ::serverwamp::__debug_handler::state::<#state>();));
    let arguments = signature.arguments.iter().map(|argument| {
        quote_spanned!(argument.span()=> ::serverwamp::__debug_handler::#kind::argument::<#argument, #state>();)
    });
    let never = signature.arguments.iter().map(|_| quote!(::serverwamp::__debug_handler::never()));
    let future = quote_spanned!(signature.fn_token.span()=> let output = called.output(););
    let result = result(signature);
    Ok(quote! {
        #(#conditions)*
        const _: () = {
            #[allow(warnings)]
            fn __debug_handler() {
                use ::serverwamp::__debug_handler::{IsFuture as _, IsNoFuture as _};
                use ::serverwamp::__debug_handler::#kind::{Answers as _, AnswersInParts as _, AnswersNothing as _};
                #(#state_check)*
                #(#arguments)*
                let called = ::serverwamp::__debug_handler::called(#name(#(#never),*));
                #future
                #result
            }
        };
    })
}

/// The state that the handler is checked with.
fn state(options: &Options, signature: &Signature) -> Result<Type> {
    if let Some(state) = &options.state {
        return Ok(state.clone());
    }
    match signature.states().as_slice() {
        [] => Ok(parse_quote!(())),
        [state] => Ok(Type::clone(state)),
        [_, another, ..] => {
            let text = "the handler takes several parts of the application's state: name the whole of it, \
                        `#[debug_handler(state = AppState)]`";
            Err(Error::new_spanned(another, text))
        }
    }
}

/// The check of the result: the `Result`'s parts, each where it stands in the signature, or the whole.
fn result(signature: &Signature) -> TokenStream {
    let ReturnType::Type(_, output) = &signature.output else {
        return quote_spanned!(signature.name.span()=> output.at_fault().unnamed_success(););
    };
    let at_fault = quote_spanned!(output.span()=> let output = output.at_fault(););
    let (success, error) = match parts_of(output) {
        Some((success, error)) => (part(success, "success"), part(error, "error")),
        None => (part(output, "whole"), quote_spanned!(output.span()=> output.unnamed_error();)),
    };
    quote!(#at_fault #success #error)
}

/// The check of one part of the result, or of the whole; a type with an `impl` in it cannot be named.
fn part(part: &Type, check: &str) -> TokenStream {
    let span = part.span();
    if !names(part, "impl") {
        let check = Ident::new(check, span);
        return quote_spanned!(span=> output.#check::<#part>(););
    }
    let check = Ident::new(if check == "error" { "unnamed_error" } else { "unnamed_success" }, span);
    quote_spanned!(span=> output.#check();)
}

/// The `T` and the `E` of a `Result<T, E>`, by whatever path. An alias that names fewer types is not looked into.
fn parts_of(output: &Type) -> Option<(&Type, &Type)> {
    let Type::Path(path) = output else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == "Result")?;
    let PathArguments::AngleBracketed(generics) = &last.arguments else { return None };
    let mut types = generics.args.iter();
    match (types.next(), types.next(), types.next()) {
        (Some(GenericArgument::Type(success)), Some(GenericArgument::Type(error)), None) => {
            Some((success, error))
        }
        _ => None,
    }
}
