//! Placeholders until the real ones are merged.
#![allow(missing_docs, dead_code)]
use crate::id::PublicationId;
use crate::timestamp::Timestamp;
use std::sync::Arc;
#[derive(Debug)]
pub struct History<E>(Vec<E>);
impl<E> History<E> {
    pub fn new(_: usize) -> Self { Self(Vec::new()) }
    pub fn push(&mut self, _: PublicationId, _: Timestamp, _: Arc<str>, e: E) { self.0.push(e); }
}
#[derive(Clone, Copy, Debug)]
pub enum Scope { Detached, Destroyed }
#[derive(Debug)]
pub struct Testaments<T>(Vec<T>);
impl<T> Default for Testaments<T> { fn default() -> Self { Self(Vec::new()) } }
impl<T> Testaments<T> { pub fn take_all(&mut self) -> Vec<T> { std::mem::take(&mut self.0) } }
