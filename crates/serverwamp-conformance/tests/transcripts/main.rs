//! What clients say to each other through the router, chapter by chapter of the specification.
//!
//! A test is a transcript, see [`serverwamp_conformance::transcript`], and carries the id of its rule in the
//! checklist in its name. It is played in all serializers, each time at a router of its own; [`router`] has the realms.

mod announced_features;
mod answers_to_calls;
mod application_as_caller;
mod application_as_peer;
mod black_and_whitelisting;
mod call_canceling;
mod call_rerouting;
mod call_timeout;
mod caller_identification;
mod callers_and_callees_leaving;
mod calls_in_order;
mod calls_left_behind;
mod error_uris;
mod event_history;
mod event_history_long;
mod event_retention;
mod identifiers;
mod kept_payloads;
mod meta_api;
mod meta_api_application;
mod model;
mod order_at_random;
mod ordering;
mod pattern_based_registration;
mod pattern_based_subscription;
mod payload_passthru;
mod progressive_call_invocations;
mod progressive_call_request_ids;
mod progressive_call_results;
mod publish_subscribe;
mod publisher_exclusion;
mod publisher_identification;
mod publishing;
mod races;
mod races_of_inputs;
mod reflection;
mod registration_meta_api;
mod registration_revocation;
mod remote_procedure_calls;
mod rig;
mod router;
mod session_kill;
mod session_meta_api;
mod sharded_registration;
mod sharded_subscription;
mod shared_registration;
mod slow_peers;
mod subscription_meta_api;
mod subscription_revocation;
mod testaments;
mod trust_levels;
mod vectors;
mod who_answers;
