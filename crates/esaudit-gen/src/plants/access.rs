//! Whole groups of clients that fail because of how the cluster is set up.

use super::Plant;
use crate::cli::Strength;
use crate::event::LDAP;
use crate::text::{HOUR, Micros, SECOND, Text};
use crate::traffic::What;
use crate::world::Credential;

/// Many clients begin to send no credentials at the same time.
pub(crate) static MISSING_CREDENTIALS: Plant = Plant {
    kind: "missing_credentials",
    verdicts: &["operational"],
    doc: "1, 6, 20 or 80 inside hosts begin within a minute to send requests without credentials, every 20 s each: 5 times, or for 10, 60 or 120 minutes, as after security is turned on.",
    plant: |plot| {
        let hosts = plot.by([1, 6, 20, 80]);
        let count = plot.by([5, 30, 180, 360]);
        let onset = plot.begin(count as Micros * 20 * SECOND);
        for _ in 0..hosts {
            let source = plot.world.inside_source();
            let node = plot.node();
            let from = onset + plot.rng.range(0, 60 * SECOND);
            plot.steady(from, count, 20 * SECOND, 0.05, |plot, time| plot.act(time, node, source, What::Bare));
        }
        plot.incident.cause_at = Some(onset);
    },
};

/// One node lacks a realm that the others have.
pub(crate) static WRONG_REALM: Plant = Plant {
    kind: "wrong_realm",
    verdicts: &["operational"],
    doc: "The second node lacks the LDAP realm: 1, 4, 10 or 30 people with right passwords fail there 2, 5, 12 or 60 times each and succeed on the other nodes in between.",
    plant: |plot| {
        if plot.world.nodes.len() < 2 {
            plot.incident.expected = false;
            plot.incident.note = "not planted: needs two nodes";
            return;
        }
        let people = plot.by([1, 4, 10, 30]);
        let times = plot.by([2, 5, 12, 60]);
        let node = 1;
        plot.world.nodes[1].realms.retain(|r| *r != LDAP);
        let length = (plot.length() * 7 / 10).min(8 * HOUR);
        let begin = plot.begin(length);
        for _ in 0..people {
            let name = plot.world.fresh_person();
            let account = plot.world.account(&name, LDAP, &["kibana_user"]);
            let source = plot.world.inside_source();
            for _ in 0..times {
                let time = plot.rng.range(begin, begin + length);
                plot.act(time, node, source, What::Use(Credential::Password(account)));
                let other = if plot.world.nodes.len() == 2 || plot.rng.chance(0.5) { 0 } else { 2 };
                let retry = time + plot.rng.range(5 * SECOND, 40 * SECOND);
                plot.act(retry, other, source, What::Use(Credential::Password(account)));
            }
        }
        plot.incident.cause_at = Some(begin);
    },
};

/// One node's clock is wrong.
pub(crate) static CLOCK_SKEW: Plant = Plant {
    kind: "clock_skew",
    verdicts: &["operational"],
    doc: "The last node's clock is 3 s, 4, 6 or 20 minutes ahead, so that it takes bearer tokens for expired: 1, 2, 4 or 10 clients are refused there 2, 10, 40 or 200 times each and succeed on the other nodes with the same tokens.",
    plant: |plot| {
        let nodes = plot.world.nodes.len();
        if nodes < 2 {
            plot.incident.expected = false;
            plot.incident.note = "not planted: needs two nodes";
            return;
        }
        let last = (nodes - 1) as u16;
        plot.world.nodes[nodes - 1].clock_error = plot.by([3, 4 * 60, 6 * 60, 20 * 60]) * SECOND;
        let clients = plot.by([1, 2, 4, 10]);
        let times = plot.by([2, 10, 40, 200]);
        let length = (plot.length() * 7 / 10).min(6 * HOUR);
        let begin = plot.begin(length);
        for _ in 0..clients {
            let account = plot.world.find("portal").unwrap_or_default();
            let source: Text = plot.world.inside_source();
            for _ in 0..times {
                let time = plot.rng.range(begin, begin + length);
                plot.act(time, last, source, What::UnknownToken);
                for gap in [-20, 15] {
                    let other = plot.rng.index(nodes - 1) as u16;
                    plot.act(time + gap * SECOND, other, source, What::Use(Credential::Token(account)));
                }
            }
        }
        plot.incident.note =
            if plot.strength == Strength::Weak { "three seconds: within what clients tolerate" } else { "" };
    },
};
