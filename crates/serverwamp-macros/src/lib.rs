//! The attribute `#[debug_handler]` of [`serverwamp`](https://crates.io/crates/serverwamp): the compiler names the
//! argument or the type that keeps a function from being a handler.
//!
//! Programs use it as `serverwamp::debug_handler`, with the feature `macros` of `serverwamp`; the code it expands to
//! names that crate. This crate has nothing else in it, and the two have the same version.
//!
//! Invariant: the function is passed on token by token, also when it cannot be understood. What is added beside it is
//! compiled and never run.
#![forbid(unsafe_code)]

mod checks;
mod options;
mod signature;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::quote;

/// Lets the compiler name what is wrong with a handler.
///
/// Without it, a function that is no handler gets one and the same error where it is registered, whatever the mistake.
/// With it the error stands at the argument, at the result, or at the `await` that are at fault:
///
/// ```text
/// #[serverwamp::debug_handler]
/// async fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// error[E0277]: `i64` cannot be an argument of a procedure
///   |
/// 2 | async fn add(a: i64, b: i64) -> i64 {
///   |                 ^^^ not an extractor for procedure calls
/// ```
///
/// # Kinds of handlers
///
/// A handler of anything but procedure calls says where it is registered, by the name of that function:
///
/// | attribute | for handlers given to |
/// |---|---|
/// | `#[debug_handler]`, `#[debug_handler(procedure)]` | `RouteSet::procedure`, `RealmHandle::register` |
/// | `#[debug_handler(topic)]` | `RouteSet::topic` |
/// | `#[debug_handler(event)]` | `Client::subscribe_with`, `RealmHandle::subscribe_with` |
/// | `#[debug_handler(on_connect)]` | `Realm::on_connect` |
/// | `#[debug_handler(on_join)]` | `Realm::on_join` |
/// | `#[debug_handler(auth::transport)]` | `auth::transport` |
/// | `#[debug_handler(auth::ticket)]` | `auth::ticket` |
/// | `#[debug_handler(auth::cra)]`, `#[debug_handler(auth::cra_salted)]` | `auth::cra`, `auth::cra_salted` |
/// | `#[debug_handler(auth::custom)]` | `auth::custom` |
///
/// # State
///
/// A handler that takes `State<T>` is checked with `T` as the application's state. Where `T` is a part of it (see
/// `FromRef`), the attribute names the whole: `#[debug_handler(state = AppState)]`,
/// `#[debug_handler(topic, state = AppState)]`.
///
/// # Limits
///
/// It checks functions that stand by themselves: neither methods nor generic functions, whose types are known only where
/// they are used. It changes nothing about the function and costs nothing at run time, so it may stay.
#[proc_macro_attribute]
pub fn debug_handler(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let item = Tokens::from(item);
    let checks = expand(attribute.into(), item.clone()).unwrap_or_else(syn::Error::into_compile_error);
    quote!(#item #checks).into()
}

/// The checks that stand beside the function.
fn expand(attribute: Tokens, item: Tokens) -> syn::Result<Tokens> {
    let options: options::Options = syn::parse2(attribute)?;
    let signature: signature::Signature = syn::parse2(item)?;
    checks::checks(&options, &signature)
}
