//! What the framework promises, seen from another process: one module for each of its promises.
//!
//! Every test starts a fixture server of its own and is a client of it. Names in comments, such as CAN-02, are
//! those of the checklist of the specification.

mod answering_at_length;
mod answers_too_long;
mod answers_too_long_polled;
mod arguments;
mod authentication;
mod authentication_by_cra;
mod authentication_by_cryptosign;
mod authentication_by_scram;
mod authentication_expiry;
mod authentication_ways;
mod authorizers;
mod cancel_and_timeout;
mod close_frames;
mod counters;
mod counters_before_sessions;
mod counters_of_routers;
mod credentials;
mod custom_call_handling;
mod hosts;
mod limits;
mod limits_of_connections;
mod limits_of_forward_for;
mod limits_of_long_polling;
mod limits_of_receivers;
mod limits_of_sessions;
mod limits_of_strangers;
mod overflow;
mod panics;
mod past_events;
mod permissions;
mod presented;
mod procedures;
mod progressive_results;
mod proxies;
mod publishing;
mod realms;
mod refusals_in_the_log;
mod request_order;
mod results;
mod retained;
mod retained_shares;
mod session;
mod session_lifecycle;
mod shutdown;
mod state;
mod topics;
mod websocket;
