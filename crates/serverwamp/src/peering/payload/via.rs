//! Marks, for type inference alone, how a value becomes a reply or the payload of a message.

/// Any `serde::Serialize`.
#[derive(Debug)]
pub enum Value {}
/// `Args`, `Kwargs` and what else has a meaning of its own.
#[derive(Debug)]
pub enum Shape {}
/// A `Result` whose success is converted via `M`.
#[derive(Debug)]
pub struct Fallible<M>(std::marker::PhantomData<M>);
/// A stream whose items are converted via `M`.
#[derive(Debug)]
pub struct Streamed<M>(std::marker::PhantomData<M>);
/// A step of a stream: progress is converted via `M`, the final result via `N`.
#[derive(Debug)]
pub struct Step<M, N>(std::marker::PhantomData<(M, N)>);
/// `()`: nothing to say, so yes.
#[derive(Debug)]
pub enum Unit {}
