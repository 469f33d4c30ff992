//! Placeholders until the real ones are merged.
#![allow(missing_docs, dead_code)]
use crate::id::PublicationId;
use crate::pattern::UriPattern;
use crate::timestamp::Timestamp;
use std::sync::Arc;
#[derive(Debug)]
pub struct RetainedEvents<E>(std::collections::BTreeMap<String, E>);
#[derive(Debug)]
pub struct Full;
impl<E> RetainedEvents<E> {
    pub fn new(_: usize, _: usize) -> Self { Self(Default::default()) }
    pub fn retain(&mut self, t: &str, e: E, _: usize, _: bool) -> Result<(), Full> { self.0.insert(t.into(), e); Ok(()) }
    pub fn matching(&self, p: &UriPattern, mut visit: impl FnMut(&mut dyn Iterator<Item = &E>)) {
        for (t, e) in &self.0 { if p.matches(t) { visit(&mut std::iter::once(e)); } }
    }
}
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
