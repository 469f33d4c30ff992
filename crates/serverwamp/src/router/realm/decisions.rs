//! The answers of authorizers that are kept for a while.
//!
//! An answer is kept for the authid, the role and the whole question. Invariants: there are at most as many as the limit says,
//! none is used after its time, and what was asked before something was forgotten is not kept afterwards.

use crate::base::locks::{Mutex, MutexGuard};
use crate::router::request::{Question, Verdict};
use crate::rt::after;
use hashbrown::HashMap;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Which of the decisions that are kept are forgotten.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Forgotten {
    pub(crate) authid: Option<String>,
    pub(crate) authrole: Option<String>,
}

/// The decisions of a realm that are kept.
#[derive(Debug)]
pub(crate) struct KeptDecisions {
    kept: Mutex<DecisionHalves>,
    /// How often something was forgotten. Whoever changes it holds the lock.
    forgotten: AtomicU64,
}

/// What is asked for the first time comes into the young half. When that is full it becomes the old one, and the old one is
/// dropped: so what is asked again and again stays, and no entry is looked for to be dropped.
#[derive(Debug, Default)]
struct DecisionHalves {
    young: HashMap<Asker, KeptDecision>,
    old: HashMap<Asker, KeptDecision>,
    /// The most decisions that are kept.
    most: usize,
    /// The longest time for which one is.
    longest: Duration,
}

/// Who asked what.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Asker {
    pub(crate) authid: Box<str>,
    pub(crate) authrole: Box<str>,
    pub(crate) question: Question,
}

#[derive(Clone, Copy, Debug)]
struct KeptDecision {
    verdict: Verdict,
    until: Instant,
}

impl Forgotten {
    /// Returns whether it is about the sessions of this authid and role.
    pub(crate) fn is_about(&self, authid: &str, authrole: &str) -> bool {
        let is = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted == is);
        is(&self.authid, authid) && is(&self.authrole, authrole)
    }
}

impl KeptDecisions {
    pub(crate) fn new(most: usize, longest: Duration) -> Self {
        let kept = DecisionHalves { most, longest, ..DecisionHalves::default() };
        Self { kept: Mutex::new(kept), forgotten: AtomicU64::new(0) }
    }

    /// Keeps no more from now on, and none for longer. What is kept is forgotten if it may be beyond that; who asks is asked again.
    pub(crate) fn limit(&self, most: usize, longest: Duration) {
        let mut kept = self.kept();
        if kept.young.len() + kept.old.len() > most || longest < kept.longest {
            kept.young.clear();
            kept.old.clear();
        }
        (kept.most, kept.longest) = (most, longest);
    }

    /// How often something was forgotten so far. Whoever has taken a decision before is to look at it again.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten.load(Ordering::Acquire)
    }

    /// The decision that is kept, and otherwise how often something was forgotten so far: to be given to
    /// [`keep`](Self::keep).
    pub(crate) fn find(&self, asker: &Asker, now: Instant) -> Result<Verdict, u64> {
        let mut kept = self.kept();
        if let Some(decision) = kept.young.get(asker) {
            return if decision.until > now { Ok(decision.verdict) } else { Err(self.forgotten()) };
        }
        match kept.old.remove(asker) {
            Some(decision) if decision.until > now => {
                kept.enter(asker.clone(), decision);
                Ok(decision.verdict)
            }
            _ => Err(self.forgotten()),
        }
    }

    /// Keeps a decision for as long as it says, unless something was forgotten since it was asked for.
    pub(crate) fn keep(&self, asker: Asker, verdict: Verdict, forgotten: u64, now: Instant) {
        let mut kept = self.kept();
        let lasts = verdict.lasts.min(kept.longest);
        if lasts.is_zero() || kept.most == 0 || self.forgotten() != forgotten {
            return;
        }
        kept.old.remove(&asker);
        kept.enter(asker, KeptDecision { verdict, until: after(now, lasts) });
    }

    /// Forgets the decisions about these sessions, and says how many they were.
    pub(crate) fn forget(&self, which: &Forgotten) -> usize {
        let stays = |asker: &Asker, _: &mut KeptDecision| !which.is_about(&asker.authid, &asker.authrole);
        let mut kept = self.kept();
        let before = kept.young.len() + kept.old.len();
        self.forgotten.fetch_add(1, Ordering::Release);
        kept.young.retain(stays);
        kept.old.retain(stays);
        before - kept.young.len() - kept.old.len()
    }

    fn kept(&self) -> MutexGuard<'_, DecisionHalves> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DecisionHalves {
    fn enter(&mut self, asker: Asker, decision: KeptDecision) {
        let half = self.most.div_ceil(2);
        if self.young.len() >= half && !self.young.contains_key(&asker) {
            self.old = std::mem::take(&mut self.young);
            if self.most == 1 {
                self.old.clear();
            }
        }
        self.young.insert(asker, decision);
        // An odd limit has halves of different size.
        if self.young.len() + self.old.len() > self.most
            && let Some(one) = self.old.keys().next().cloned()
        {
            self.old.remove(&one);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::router::request::QuestionOptions;
    use serverwamp_proto::pattern::Match;
    use serverwamp_proto::permissions::Action;

    fn asker(authid: &str, authrole: &str, uri: &str) -> Asker {
        let question = Question {
            action: Action::Call,
            form: Match::Exact,
            uri: uri.into(),
            options: QuestionOptions::default(),
        };
        Asker { authid: authid.into(), authrole: authrole.into(), question }
    }

    fn lasting(seconds: u64) -> Verdict {
        Verdict::allow().cache_for(Duration::from_secs(seconds))
    }

    #[expect(clippy::disallowed_methods, reason = "any time will do, and no runtime is needed for one")]
    fn kept(most: usize) -> (KeptDecisions, Instant) {
        (KeptDecisions::new(most, Duration::from_secs(60)), Instant::now())
    }

    #[test]
    fn a_decision_is_kept_as_long_as_it_says_and_no_longer_than_the_limit() {
        let (decisions, now) = kept(10);
        decisions.keep(asker("joe", "user", "a"), lasting(5), 0, now);
        decisions.keep(asker("joe", "user", "b"), lasting(3600), 0, now);
        decisions.keep(asker("joe", "user", "c"), Verdict::allow(), 0, now);
        let found = |uri, seconds| {
            decisions.find(&asker("joe", "user", uri), after(now, Duration::from_secs(seconds)))
        };
        assert_eq!(found("a", 4), Ok(lasting(5)));
        assert_eq!(found("a", 5), Err(0));
        assert_eq!(found("b", 59), Ok(lasting(3600)));
        assert_eq!(found("b", 60), Err(0));
        assert_eq!(found("c", 0), Err(0));
    }

    #[test]
    fn a_lower_limit_holds_at_once_and_a_higher_one_forgets_nothing() {
        let (decisions, now) = kept(10);
        let one = asker("joe", "user", "a");
        let keep = || decisions.keep(one.clone(), lasting(3600), 0, now);
        keep();
        decisions.limit(20, Duration::from_secs(60));
        assert!(decisions.find(&one, now).is_ok());
        decisions.limit(1, Duration::from_secs(60));
        assert!(decisions.find(&one, now).is_ok(), "it is one");
        decisions.limit(0, Duration::from_secs(60));
        assert_eq!(decisions.find(&one, now), Err(0));
        keep();
        assert_eq!(decisions.find(&one, now), Err(0));
        decisions.limit(10, Duration::from_secs(60));
        keep();
        decisions.limit(10, Duration::from_secs(30));
        assert_eq!(decisions.find(&one, now), Err(0), "it would have been kept for longer");
    }

    #[test]
    fn no_decision_is_for_another_authid_role_or_question() {
        let (decisions, now) = kept(10);
        decisions.keep(asker("joe", "user", "a"), lasting(5), 0, now);
        let mut other = asker("joe", "user", "a");
        other.question.options.disclose = true;
        for other in [asker("ann", "user", "a"), asker("joe", "guest", "a"), asker("joe", "user", "b"), other]
        {
            assert_eq!(decisions.find(&other, now), Err(0), "{other:?}");
        }
    }

    #[test]
    fn there_are_never_more_decisions_than_the_limit_says_and_those_in_use_stay() {
        for most in 0..7 {
            let (decisions, now) = kept(most);
            let used = asker("joe", "user", "used");
            decisions.keep(used.clone(), lasting(9), 0, now);
            for number in 0..50 {
                decisions.keep(asker("joe", "user", &number.to_string()), lasting(9), 0, now);
                let kept = decisions.kept();
                let count = kept.young.len() + kept.old.len();
                drop(kept);
                assert!(count <= most, "{count} of {most}");
                assert_eq!(decisions.find(&used, now).is_ok(), most >= 2, "{most}: {number}");
            }
        }
    }

    #[test]
    fn what_is_forgotten_is_forgotten_by_authid_by_role_and_in_all() {
        let (decisions, now) = kept(10);
        let all = [asker("joe", "user", "a"), asker("joe", "admin", "a"), asker("ann", "user", "a")];
        let fill = || {
            let forgotten = decisions.forgotten();
            all.iter().for_each(|one| decisions.keep(one.clone(), lasting(9), forgotten, now));
        };
        let left = || all.iter().map(|one| decisions.find(one, now).is_ok()).collect::<Vec<_>>();
        let which = |authid: Option<&str>, authrole: Option<&str>| Forgotten {
            authid: authid.map(Into::into),
            authrole: authrole.map(Into::into),
        };
        for (forgotten, stays) in [
            (which(None, None), [false, false, false]),
            (which(Some("joe"), None), [false, false, true]),
            (which(None, Some("user")), [false, true, false]),
            (which(Some("joe"), Some("user")), [false, true, true]),
        ] {
            fill();
            assert_eq!(decisions.forget(&forgotten), stays.iter().filter(|stays| !**stays).count());
            assert_eq!(left(), stays, "{forgotten:?}");
        }
    }

    #[test]
    fn an_answer_to_what_was_asked_before_something_was_forgotten_is_not_kept() {
        let (decisions, now) = kept(10);
        let joe = asker("joe", "user", "a");
        let Err(before) = decisions.find(&joe, now) else { panic!("nothing is kept yet") };
        decisions.forget(&Forgotten::default());
        decisions.keep(joe.clone(), lasting(9), before, now);
        assert_eq!(decisions.find(&joe, now), Err(1));
        decisions.keep(joe.clone(), lasting(9), 1, now);
        assert!(decisions.find(&joe, now).is_ok());
    }
}
