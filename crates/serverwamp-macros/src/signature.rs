//! The head of a function: what the checks need of it. Its body is not looked at, so that one with mistakes of its own,
//! or half written in an editor, is checked as well.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Generics, Result, ReturnType, Token, Type, Visibility, parenthesized};

/// As many arguments as `serverwamp::handler::Handler` is implemented for.
const MOST_ARGUMENTS: usize = 12;

/// A function that may be a handler.
pub(crate) struct Signature {
    /// `#[cfg(..)]`, which has to stand before the checks too.
    pub(crate) conditions: Vec<Attribute>,
    pub(crate) fn_token: Token![fn],
    pub(crate) name: Ident,
    pub(crate) arguments: Vec<Type>,
    pub(crate) output: ReturnType,
}

impl Parse for Signature {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attributes = Attribute::parse_outer(input)?;
        input.parse::<Visibility>()?;
        let is_async = input.parse::<Option<Token![async]>>()?.is_some();
        let fn_token = input.parse::<Token![fn]>().map_err(|error| {
            let text =
                if is_async { "expected `fn`" } else { "a handler is a function: expected `async fn`" };
            Error::new(error.span(), text)
        })?;
        let name: Ident = input.parse()?;
        let generics: Generics = input.parse()?;
        if !generics.params.is_empty() {
            return Err(generic(generics.params));
        }
        let content;
        parenthesized!(content in input);
        let arguments = content.call(arguments)?;
        let output: ReturnType = input.parse()?;
        input.parse::<TokenStream>()?;
        if let Some(superfluous) = arguments.get(MOST_ARGUMENTS) {
            let text = format!(
                "a handler has at most {MOST_ARGUMENTS} arguments: take several of them out of the request with an \
                 extractor of your own"
            );
            return Err(Error::new_spanned(superfluous, text));
        }
        if let Some(argument) = arguments.iter().find(|argument| names(argument, "impl")) {
            return Err(generic(argument));
        }
        let mut types = arguments.iter().map(ToTokens::to_token_stream).chain([output.to_token_stream()]);
        if let Some(own) = types.find(|tokens| names(tokens, "Self")) {
            return Err(method(own));
        }
        let conditions = attributes.into_iter().filter(|one| one.path().is_ident("cfg")).collect();
        Ok(Self { conditions, fn_token, name, arguments, output })
    }
}

impl Signature {
    /// The `T` of all arguments that are a `State<T>`, each once.
    pub(crate) fn states(&self) -> Vec<&Type> {
        let mut states: Vec<&Type> = Vec::new();
        for state in self.arguments.iter().filter_map(state_of) {
            let text = state.to_token_stream().to_string();
            if states.iter().all(|other| other.to_token_stream().to_string() != text) {
                states.push(state);
            }
        }
        states
    }
}

/// The `T` of a `State<T>`, by whatever path.
fn state_of(argument: &Type) -> Option<&Type> {
    let Type::Path(path) = argument else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == "State")?;
    let syn::PathArguments::AngleBracketed(generics) = &last.arguments else { return None };
    match generics.args.first() {
        Some(syn::GenericArgument::Type(state)) if generics.args.len() == 1 => Some(state),
        _ => None,
    }
}

/// The types of the arguments; what stands before the colon of each is passed over.
fn arguments(input: ParseStream<'_>) -> Result<Vec<Type>> {
    let mut types = Vec::new();
    while !input.is_empty() {
        let mut pattern = TokenStream::new();
        while !input.peek(Token![:]) || input.peek(Token![::]) {
            if let Some(path) = input.parse::<Option<Token![::]>>()? {
                path.to_tokens(&mut pattern);
            } else if input.is_empty() || input.peek(Token![,]) {
                let receiver = names(&pattern, "self");
                return Err(if receiver { method(pattern) } else { input.error("expected `:` and a type") });
            } else {
                input.parse::<TokenTree>()?.to_tokens(&mut pattern);
            }
        }
        input.parse::<Token![:]>()?;
        if names(&pattern, "self") {
            return Err(method(pattern));
        }
        types.push(input.parse()?);
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(types)
}

/// Returns whether a word stands in these tokens, however deep.
pub(crate) fn names(tokens: &impl ToTokens, word: &str) -> bool {
    tokens.to_token_stream().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(group) => names(&group.stream(), word),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

fn generic(at: impl ToTokens) -> Error {
    let text = "`debug_handler` cannot check a generic function: its types are known only where it is used; leave the \
                attribute out, or put it above a function that names the types and calls this one";
    Error::new_spanned(at, text)
}

fn method(at: impl ToTokens) -> Error {
    let text = "`debug_handler` checks functions that stand by themselves, not methods: move the handler out of its \
                `impl` and take what it needs as `State`";
    Error::new_spanned(at, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> std::result::Result<Vec<String>, String> {
        let signature: Signature = syn::parse_str(text).map_err(|error| error.to_string())?;
        let types = signature.arguments.iter().map(|ty| ty.to_token_stream().to_string().replace(' ', ""));
        Ok(types.collect())
    }

    #[test]
    fn what_cannot_be_checked_is_refused_with_the_reason() {
        for (text, reason) in [
            ("struct Add;", "a handler is a function"),
            ("async move {}", "expected `fn`"),
            ("async fn f<T>(x: Args<T>) {}", "generic"),
            ("async fn f(x: impl Into<u8>) {}", "generic"),
            ("async fn f(&self, x: X) {}", "not methods"),
            ("async fn f(mut self) {}", "not methods"),
            ("async fn f(self: Arc<Self>) {}", "not methods"),
            ("async fn f(x: X) -> Self {}", "not methods"),
            ("async fn f(x) {}", "expected `:`"),
        ] {
            assert!(parsed(text).is_err_and(|error| error.contains(reason)), "{text}");
        }
        let many = format!("async fn f({}) {{}}", "_: A,".repeat(MOST_ARGUMENTS + 1));
        assert!(parsed(&many).is_err_and(|error| error.contains("at most 12")));
        assert_eq!(parsed(&many.replacen("_: A,", "", 1)).map(|types| types.len()), Ok(MOST_ARGUMENTS));
    }

    #[test]
    fn every_pattern_is_passed_over() {
        let text = "#[doc = \"x\"] pub(crate) async fn f(mut a: A, b::B(B { x: y, .. }): B<u8, 2>, (c, _): &'static [C],) -> R { < }";
        assert_eq!(parsed(text), Ok(vec!["A".into(), "B<u8,2>".into(), "&'static[C]".into()]));
        assert_eq!(parsed("fn f() -> BoxFuture<'static, ()> {}"), Ok(vec![]));
    }

    #[test]
    fn state_is_found_once_by_whatever_path() {
        let text = "async fn f(a: State<Db>, b: serverwamp::extract::State<Db>, c: State<Arc<X>>, d: Args<State<Y>>) {}";
        let signature: Signature = syn::parse_str(text).unwrap();
        let states =
            signature.states().into_iter().map(|ty| ty.to_token_stream().to_string().replace(' ', ""));
        assert_eq!(states.collect::<Vec<_>>(), ["Db", "Arc<X>"]);
    }
}
