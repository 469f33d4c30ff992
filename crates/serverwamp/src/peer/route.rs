//! The routing of a call: to the application, to a client, to the meta API; or to the callee that already serves it.

use super::call_permit;
use super::calls::Calls;
use crate::WampError;
use crate::base::log::line;
use crate::base::measure::longest;
use crate::base::statistics::Refusal;
use crate::peering::{CallState, Matched, Stop, Taken, Takes};
use crate::router::dealer::{self, CallRequest, LastFound, RegistrationEntry};
use crate::router::realm::{
    AccessRequest, Disclosure, GivenAnswers, RealmConfig, RunningRealm, Withheld, disclosure_refused,
    no_such_procedure,
};
use crate::router::request::QuestionOptions;
use crate::router::routes::ProcedureRoute;
use crate::router::session::{OpenCall, RouterSession, Session};
use crate::rt::after;
use serverwamp_proto::id::RequestId;
use serverwamp_proto::message::{Call, Passthru, PlainCall, Violation};
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::permissions::Action;
use serverwamp_proto::{uri, uris};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The target of a call.
pub(super) enum CallTarget<'r> {
    Served(ServedRoute<'r>),
    Registered(Arc<RegistrationEntry>),
    Meta,
}

/// The part of the application that serves a call.
pub(super) struct ServedRoute<'r> {
    pub(super) procedure: Cow<'r, Arc<str>>,
    pub(super) matched: Matched,
    /// `None` when the realm has a service that takes every call.
    pub(super) route: Option<Cow<'r, Arc<ProcedureRoute>>>,
}

/// Refuses new calls once the server stops. Whoever owes an answer may need others for it: a call in flight is waited for with
/// all that it takes.
pub(super) fn check_goes_on(session: &RouterSession) -> Result<(), WampError> {
    if session.running_realm().context.connections.stopping() && session.invocations().is_empty() {
        return Err(WampError::unavailable("the server is shutting down and starts no new calls"));
    }
    Ok(())
}

/// Whether the session may call this, and be disclosed if it asks for that. An authorizer may disclose it unasked.
///
/// # Errors
/// When it may not, before anything says whether there is such a procedure (checklist AUTHZ-07), and when that is undecided.
pub(super) fn check_allowed(
    session: &RouterSession,
    config: &RealmConfig,
    call: &mut Call<'_>,
    answers: &GivenAnswers,
) -> Result<(), Withheld> {
    let mut may_disclose = config.offers.disclosure != Disclosure::Refused;
    if config.access.checks_calls() {
        let context = &session.running_realm().context;
        let options = QuestionOptions { disclose: call.options.disclose_me, ..QuestionOptions::default() };
        let request =
            AccessRequest { options, ..AccessRequest::exact(session, Action::Call, &call.procedure) };
        let granted = context.authorize(config, request, answers)?;
        call.options.disclose_me |= granted.disclosed && may_disclose;
        may_disclose &= granted.allowance.disclose;
    }
    // Whoever serves it: a caller cannot tell (checklist CID-03).
    if call.options.disclose_me && !may_disclose {
        find(session, &call.procedure)?;
        return Err(disclosure_refused().into());
    }
    Ok(())
}

pub(super) fn find<'r>(session: &'r RouterSession, procedure: &str) -> Result<CallTarget<'r>, WampError> {
    let realm: &RunningRealm = session.running_realm();
    let replaced = realm.code.service.is_some();
    // No registration, and be it for every procedure, serves one of the specification's own (checklist URI-11).
    if uri::is_reserved(procedure) && (realm.context.config().offers.meta_api || !replaced) {
        realm.context.check_uri(procedure, Match::Exact, Some(session))?;
        return match realm.context.config().offers.meta_api {
            true => Ok(CallTarget::Meta),
            false => Err(no_such_procedure(procedure)),
        };
    }
    let route = match realm.dealer.find(procedure) {
        Some(dealer::Found::Registered(registration)) if !replaced => {
            if registration.pattern.kind() != Match::Exact
                && let Some(there) = elsewhere(session, procedure, Some(&registration.pattern))?
            {
                return Ok(CallTarget::Served(there));
            }
            return Ok(CallTarget::Registered(registration));
        }
        Some(dealer::Found::Route(route)) => Some(Cow::Borrowed(route)),
        Some(dealer::Found::Local(route)) => Some(Cow::Owned(route)),
        Some(dealer::Found::Registered(_)) | None => None,
    };
    let check_role = |route: &ProcedureRoute| {
        let request = AccessRequest::exact(session, Action::Call, procedure);
        realm.context.check_role(&route.required, request)
    };
    if let Some(Cow::Borrowed(known)) = route
        && matches!(known.matched, Matched::Exact)
    {
        check_role(known)?;
        // A text equal to a route's URI is a valid URI.
        let route = route.filter(|_| !replaced);
        let procedure = Cow::Borrowed(&known.uri);
        return Ok(CallTarget::Served(ServedRoute { procedure, matched: Matched::Exact, route }));
    }
    if !replaced && let Some(there) = elsewhere_but_for(session, procedure, route.as_deref())? {
        return Ok(CallTarget::Served(there));
    }
    if let Some(route) = &route {
        check_role(route)?;
    }
    realm.context.check_uri(procedure, Match::Exact, Some(session))?;
    let matched = match &route {
        Some(route) => route.matched.clone(),
        None if replaced => Matched::Exact,
        None => return Err(no_such_procedure(procedure)),
    };
    let route = route.filter(|_| !replaced);
    Ok(CallTarget::Served(ServedRoute { procedure: Cow::Owned(procedure.into()), matched, route }))
}

/// As [`elsewhere`], where the application serves the procedure by this route, or nobody does.
fn elsewhere_but_for<'r>(
    session: &RouterSession,
    procedure: &str,
    route: Option<&Arc<ProcedureRoute>>,
) -> Result<Option<ServedRoute<'r>>, WampError> {
    match route.map(|route| &route.matched) {
        Some(Matched::Exact) => Ok(None),
        Some(Matched::Pattern(here)) => elsewhere(session, procedure, Some(here)),
        // Every registration wins against an expression.
        Some(Matched::Regex(_)) | None => elsewhere(session, procedure, None),
    }
}

/// The way to other nodes, if they serve the procedure, and here nobody does or only by this pattern, which is a worse match.
///
/// # Errors
/// When the procedure has no valid URI.
fn elsewhere<'r>(
    session: &RouterSession,
    procedure: &str,
    here: Option<&UriPattern>,
) -> Result<Option<ServedRoute<'r>>, WampError> {
    let context = &session.running_realm().context;
    let Some(cluster) = context.cluster.get() else { return Ok(None) };
    let Some(route) = cluster.route_elsewhere(&context.name, procedure, here) else { return Ok(None) };
    context.check_uri(procedure, Match::Exact, Some(session))?;
    let (procedure, route) = (Cow::Owned(procedure.into()), Some(Cow::Owned(route)));
    Ok(Some(ServedRoute { procedure, matched: Matched::Exact, route }))
}

/// How long what is kept for the next call to a client outlives the last one. A second: a client that calls often calls within it.
const KEPT_FOR: Duration = Duration::from_secs(1);

impl Calls {
    /// Hands a call over to a client that serves it.
    pub(super) fn route(
        &mut self,
        session: &Arc<RouterSession>,
        call: Call<'_>,
        registration: &Arc<RegistrationEntry>,
    ) -> Result<(), WampError> {
        let realm = session.running_realm();
        call_permit::take(session)?;
        let Call { request, mut options, procedure, payload, unread: _ } = call;
        let config = self.config.load();
        let disclosure = config.offers.disclosure;
        let settings = config.procedure_settings.of(&procedure);
        let mut deadline = None;
        if options.timeout > 0 {
            let longest =
                u64::try_from(session.limits().longest_call_timeout.as_millis()).unwrap_or(u64::MAX);
            options.timeout = options.timeout.min(longest);
            let at = after(session.runtime().now(), Duration::from_millis(options.timeout));
            deadline = Some(at);
            self.deadlines.watch(at, request);
            self.deadlines.tidy(|request| session.tables().calls.contains_key(&request));
        }
        let exact = registration.pattern.kind() == Match::Exact;
        self.has_routed = true;
        let routed = session.enter_routed(
            request,
            registration,
            CallRequest {
                procedure: (!exact).then(|| procedure.into()),
                options,
                trustlevel: settings.and_then(|settings| settings.trustlevel),
                disclosed_by_realm: disclosure == Disclosure::Always
                    || settings.is_some_and(|settings| settings.disclose_caller),
                forward_timeout: settings.and_then(|settings| settings.forward_timeout),
                deadline,
                only: None,
                began: self.began,
            },
        );
        // What the same session is allowed depends on the configuration alone, unless authorizers are asked.
        let decided_once = !config.access.checks_calls() || config.access.has_no_authorizers();
        self.last_found.note_plain((routed.is_plain() && decided_once).then_some(config.number));
        routed.start(payload, || realm.context.ids.bits());
        Ok(())
    }

    /// Hands a call without options over to the client that served the last one, if nothing about it has to be looked at again.
    /// Returns whether it did; otherwise nothing has happened.
    pub(super) fn route_again(&mut self, session: &RouterSession, call: &PlainCall<'_>) -> bool {
        let realm = session.running_realm();
        let (config, unanswered) = (self.config.load(), session.calls_in_flight());
        let Some(registration) = self.last_found.plain(&realm.dealer, call, config.number) else {
            return false;
        };
        let most = session.most_calls_beside(unanswered, || config.access.limits_of(session.authrole()));
        // An id above all others is new, whatever was answered before.
        let is_usual = self.newest.is_some_and(|newest| call.request > newest)
            && unanswered < most
            && self.waiting.is_empty()
            && !realm.context.connections.stopping();
        let permits = &realm.context.permits;
        if !is_usual || !permits.take_spare() {
            return false;
        }
        let began = self.sampler.begin(|| session.runtime().now());
        if !registration.call_again(session, call.request, &call.payload, began) {
            permits.give_back(1);
            return false;
        }
        line!(
            DEBUG,
            "call",
            "a call",
            session = session.id(),
            request = call.request,
            procedure = call.procedure()
        );
        self.newest = Some(call.request);
        self.has_routed = true;
        true
    }

    /// Gives back what is kept for the next call to a client, if there was none for a while: it holds a callee and some memory.
    pub(super) fn rest(&mut self, session: &RouterSession, now: Instant) {
        if std::mem::take(&mut self.has_routed) {
            self.routed_at = Some(now);
        } else if self.routed_at.is_some_and(|at| now.saturating_duration_since(at) >= longest(KEPT_FOR)) {
            self.routed_at = None;
            self.last_found = LastFound::default();
            session.drop_spare_calls();
        }
    }
}

/// Returns whether this is a further input for a call that is running, or was answered before it came (checklist PCI-10, PCI-14).
pub(super) fn continues(session: &RouterSession, call: &Call<'_>) -> Result<bool, Violation> {
    let last = !call.options.progress;
    // The answer to a call takes the call's lock first and then that of the session's tables: so the latter is not held here.
    let open = session.tables().calls.get(&call.request).cloned();
    let taken = match open {
        None => false,
        Some(OpenCall::Served(served)) => go_on(&served, call)?,
        Some(OpenCall::Routed(routed)) => match routed.go_on(&call.procedure, &call.payload, last) {
            Taken::Complete => return Err(still_running(call)),
            taken => taken != Taken::Answered,
        },
    };
    // An answered call is remembered before it appears answered: the order of the two checks matters.
    Ok(taken || session.was_answered_early(call.request, last))
}

/// A further input for a call that the application serves; `false` when it has its answer.
pub(super) fn go_on(served: &CallState<Session>, call: &Call<'_>) -> Result<bool, Violation> {
    match served.take_input(&call.procedure, &call.payload, !call.options.progress) {
        Taken::Answered => Ok(false),
        Taken::Waiting => Ok(true),
        Taken::Complete => Err(still_running(call)),
        Taken::Full => {
            let text = "the procedure does not take its input fast enough";
            let why = format_args!("{}: {text}", served.procedure);
            served.source.inner().running_realm().context.counters.refused(
                Refusal::CallInputs,
                served.source.inner(),
                why,
            );
            served.stop_with(Stop::Now, WampError::network_failure(text));
            Ok(true)
        }
    }
}

/// Refuses a call. Its caller may have sent more input already, which gets no answer of its own (checklist PCI-10).
pub(super) fn refuse(session: &RouterSession, request: RequestId, input_open: bool, error: &WampError) {
    if input_open {
        session.remember_answered_input(request);
    }
    session.send_error(Call::CODE, request, error);
}

/// Refuses a call that needs what its procedure does not take (checklist PCI-06, PPT-08).
pub(super) fn check_abilities(call: &Call<'_>, takes: Takes) -> Result<(), WampError> {
    let passthru = call.options.passthru.as_deref().is_some_and(Passthru::is_active);
    match takes.missing_for(Takes { input: call.options.progress, passthru }) {
        Some(missing) => Err(WampError::new(uris::error::FEATURE_NOT_SUPPORTED).arg(missing)),
        None => Ok(()),
    }
}

pub(super) fn still_running(call: &Call<'_>) -> Violation {
    Violation::new(format!("CALL #{}: the call with this id is still running", call.request))
}
