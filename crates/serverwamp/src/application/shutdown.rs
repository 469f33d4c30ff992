//! The end of an application: what load balancers are told, how sessions end, and who is waited for.

use super::Application;
use crate::base::log::{self, line};
use crate::rt::{BoxFuture, after};
use crate::transport::shutdown::Farewell;
use std::time::Duration;

/// The time for connections left at the deadline of a shutdown to write the reason of their end. A peer that reads has it at
/// once, and one that does not read is not waited for any longer.
const LAST_WORDS: Duration = Duration::from_millis(250);

impl Application {
    /// Returns whether a load balancer should send clients here: until [`announce_shutdown`](Self::announce_shutdown), which
    /// [`Server::shutdown_delay`](crate::Server::shutdown_delay) calls, or [`shutdown`](Self::shutdown).
    /// [`Server::health`](crate::Server::health) answers 200 as long.
    pub fn is_ready(&self) -> bool {
        self.0.connections.ready()
    }

    /// Makes [`is_ready`](Self::is_ready) `false` and changes nothing else, for the time in which load balancers notice: who comes
    /// nevertheless is served.
    pub fn announce_shutdown(&self) {
        self.0.connections.announce();
    }

    /// Ends every session with GOODBYE `wamp.close.system_shutdown`, one that waits for the answer to a call or owes one
    /// as soon as it does neither, lets lifecycle handlers finish, and says GOODBYE to what is left after `deadline`
    /// without waiting for an answer. New sessions are refused from now on.
    pub async fn shutdown(&self, deadline: Duration) {
        self.end(Farewell::Goodbye, deadline).await;
    }

    /// As [`shutdown`](Self::shutdown) of a server that is about to start again, so that clients come back by themselves:
    /// every transport ends without GOODBYE, WebSockets with close code 1012 ("service restart"). A session ends as soon
    /// as it neither waits for the answer to a call nor owes one, and no later than `deadline`.
    ///
    /// The behaviour of clients: after a GOODBYE autobahn-js and wampy.js do not reconnect; without one both try again, after 1.5
    /// and 2 seconds unless told otherwise. A `Component` of Autobahn|Python seems to take every orderly end of a
    /// WebSocket, with GOODBYE or without, for the end of its work; that is read in its source and not tried.
    pub async fn shutdown_for_restart(&self, deadline: Duration) {
        self.end(Farewell::Restart, deadline).await;
    }

    pub(crate) async fn end(&self, farewell: Farewell, deadline: Duration) {
        let runtime = &self.0.runtime;
        let waiting = match runtime.available() {
            Ok(()) => {
                let over = after(runtime.now(), deadline);
                (runtime.sleep_until(over), runtime.sleep_until(after(over, LAST_WORDS)))
            }
            Err(unavailable) => {
                line!(
                    ERROR,
                    "internal",
                    "the shutdown cannot wait on this thread and closes everything at once",
                    error = unavailable
                );
                let nothing = || -> BoxFuture<'static, ()> { Box::pin(std::future::ready(())) };
                (nothing(), nothing())
            }
        };
        self.0.connections.shut_down(farewell, waiting.0, waiting.1).await;
        log::flush();
        log::tell_all_left_out();
    }
}
