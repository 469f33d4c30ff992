//! The arguments of a message as types: what handlers take, and what they send.

/// The positional arguments as a tuple or a `Vec`; as a reply, several positional results.
///
/// Missing trailing arguments whose type is an `Option` are `None`.
#[derive(Clone, Copy, Debug)]
pub struct Args<T>(pub T);

/// Exactly one positional argument, whatever its type: the usual style of JavaScript, `call("docs.put", [{...}])`.
#[derive(Clone, Copy, Debug)]
pub struct Arg<T>(pub T);

/// The keyword arguments as a struct or a map; as a reply, keyword results.
#[derive(Clone, Copy, Debug)]
pub struct Kwargs<T>(pub T);
