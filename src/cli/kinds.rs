//! Which single events are asked for: `--kind` of events and of what is exported as OCSF.

use clap::ValueEnum;

use crate::options::EventKinds;
use crate::pipeline::Request;

/// A kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum EventKind {
    Attempts,
    Successes,
    Denied,
    Changes,
    Powerful,
}

/// The kinds that were named, as long as the request names those whose successes and refusals are asked for.
pub(super) fn kinds(named: &[EventKind], read: &Request) -> Result<EventKinds, String> {
    let kinds = EventKinds {
        attempts: named.contains(&EventKind::Attempts),
        successes: named.contains(&EventKind::Successes),
        denied: named.contains(&EventKind::Denied),
        changes: named.contains(&EventKind::Changes),
        powerful: named.contains(&EventKind::Powerful),
    };
    if kinds.successes || kinds.denied {
        let filter = &read.options.filter;
        if [&filter.principal, &filter.source, &filter.key].iter().all(|rules| rules.wanted().is_empty()) {
            return Err("whose successes and refusals? most of a log is that: name a user (--principal), an address \
                        (--source) or an API key (--key)"
                .to_owned());
        }
        if read.pseudonyms.is_some() {
            return Err("--pseudonymize knows the names of attempts, changes and powerful actions only: leave \
                        successes and denied out of --kind"
                .to_owned());
        }
    }
    Ok(kinds)
}
