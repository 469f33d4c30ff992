//! What concerns the program itself: its secret, its control socket, its metrics and log, its reload.

use super::Checking;
use crate::model::Service;

impl Checking<'_> {
    pub(super) fn program(&mut self) {
        let config = self.config;
        if let Some(secret) = config.auth_secret.value() {
            self.auth_secret(secret, config.auth_secret.place());
        }
        if let Some(control) = config.control.value() {
            let fault = self.files.not_a_place_for_a_socket(control.socket.written());
            self.socket(fault, control.socket.place());
        }
        let watched = config.listen.iter().any(|listener| listener.serves(Service::Metrics));
        if !watched && self.doubt.knows_listeners() {
            let title = "`metrics` has no effect: no listener serves \"metrics\"";
            let help = "add a listener: `address = \"127.0.0.1:9090\"`, `serve = [\"metrics\", \"health\"]`";
            self.no_effect(config.metrics.place(), title, help);
        }
        if let Some(watch) = *config.reload.watch
            && watch.get().is_zero()
        {
            self.zero("watch", config.reload.watch.place(), "the file would be looked at without end");
        }
    }
}
