//! The arguments of a message as types: what handlers take, and what they send.

/// The positional arguments as a tuple or a `Vec`; as a reply, several positional results.
///
/// As a reply it is needed, because a tuple that a handler returns is one list, as a map is one map. Where arguments are
/// given ([`RealmHandle::publish`](crate::RealmHandle::publish), [`RealmHandle::call`](crate::RealmHandle::call)) a tuple
/// is the positional arguments without it, and only a `Vec` needs it: [`ToArguments`](crate::reply::ToArguments).
///
/// Missing trailing arguments whose type is an `Option` are `None`.
#[derive(Clone, Copy, Debug)]
pub struct Args<T>(pub T);

/// Exactly one positional argument, whatever its type: the usual style of JavaScript, `call("docs.put", [{...}])`.
///
/// As arguments, it keeps a tuple together.
#[derive(Clone, Copy, Debug)]
pub struct Arg<T>(pub T);

/// The keyword arguments as a struct or a map; as a reply, keyword results.
///
/// A map or a struct without it is one positional argument or result.
#[derive(Clone, Copy, Debug)]
pub struct Kwargs<T>(pub T);
