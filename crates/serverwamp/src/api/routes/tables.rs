//! From the routes of a set to the tables of a running realm.

use super::topics::TopicEntry;
use super::{ProcedureEntry, required, twice};
use crate::api::handler::SharedState;
use crate::base::error::Problem;
use crate::peering::Compiled;
use crate::router::routes::{RouteTable, TopicTable};
use serverwamp_proto::uri::UriRules;

impl ProcedureEntry<()> {
    /// Adds the route to a realm's table.
    pub(crate) fn enter(self, table: &mut RouteTable, rules: &UriRules) -> Result<(), Problem> {
        let problem = |text| Problem::new(self.place, text);
        let pattern = self.pattern.compile(rules).map_err(problem)?;
        let served = (self.serve)(SharedState::none());
        if table.insert_procedure(pattern, served, self.takes, required::compiled(self.required.as_ref())) {
            return Ok(());
        }
        Err(problem(twice("procedure", &self.pattern)))
    }
}

impl TopicEntry<()> {
    /// Adds the topic to a realm's table.
    pub(crate) fn enter(self, table: &mut TopicTable, rules: &UriRules) -> Result<(), Problem> {
        let problem = |text| Problem::new(self.place, text);
        let pattern = match self.pattern.compile(rules).map_err(problem)? {
            Compiled::Uri(pattern) => pattern,
            Compiled::Regex(_) => {
                return Err(problem(format!(
                    "{:?} cannot be a topic: peers subscribe by URI, prefix or wildcard, not by regular expression",
                    self.pattern
                )));
            }
        };
        let handler = self.handler.map(|handler| handler.bind(SharedState::none()));
        if table.insert(pattern, handler, required::compiled(self.required.as_ref())) {
            return Ok(());
        }
        Err(problem(twice("topic", &self.pattern)))
    }
}
