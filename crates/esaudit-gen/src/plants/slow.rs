//! Failures that go on for hours or days.

use super::Plant;
use crate::changes::Change;
use crate::cli::Strength;
use crate::event::NATIVE;
use crate::text::{HOUR, MINUTE, Micros, SECOND, Text};
use crate::traffic::What;
use crate::world::Credential;

/// One source, one account, a few tries an hour, without end and without success.
pub(crate) static LOW_AND_SLOW: Plant = Plant {
    kind: "low_and_slow",
    verdicts: &["hostile", "unclear"],
    doc: "One outside source, one name, 3 tries in all, or one every 20, 17 or 12 minutes at irregular gaps for 4 hours, 12 hours, or almost the whole log (CrowdSec: the last 4 failures more than 10 min apart on the median, no success).",
    plant: |plot| {
        let most = plot.length() * 17 / 20;
        let length = plot.by([2 * HOUR, 4 * HOUR, 12 * HOUR, most]).min(most);
        let gap = plot.by([25, 20, 17, 12]) * MINUTE;
        let count = plot.by([3, usize::MAX, usize::MAX, usize::MAX]);
        let source = plot.world.outside_source();
        let name = plot.world.fresh_person();
        let account = plot.world.account(&name, NATIVE, &["logs_read"]);
        let name = plot.world.accounts[account as usize].name;
        let begin = plot.begin(length);
        let mut time = begin;
        let mut done = 0;
        while time < begin + length && done < count {
            let node = plot.node();
            plot.act(time, node, source, What::Login { name, account: Some(account), right: false });
            // Never steady, never faster than ten minutes: half a gap at least, the rest by chance.
            time += (10 * MINUTE).max(gap / 2) + plot.rng.wait((gap / 2) as f64) as Micros;
            done += 1;
        }
    },
};

/// A service goes on with a password that was changed.
pub(crate) static STALE: Plant = Plant {
    kind: "stale_credential",
    verdicts: &["operational"],
    doc: "A native service account that works every minute until its password is changed, then fails at the same cadence: 3 times and is then fixed, 25 times, for 4 hours from 2 hosts, or every 10 s for 12 hours from 4 hosts.",
    plant: |plot| {
        let hosts = plot.by([1, 1, 2, 4]);
        let gap = plot.by([60, 60, 60, 10]) * SECOND;
        let count = plot.by([3, 25, 240, 4320]);
        let number = plot.world.fresh_number();
        let account = plot.world.account(&format!("svc-exporter-{number}"), NATIVE, &["monitoring_user"]);
        let name = plot.world.accounts[account as usize].name;
        let length = count as Micros * gap;
        let cut = plot.begin(length);
        let admin = plot.world.admin;
        let admin_source = plot.world.admin_source;
        let sources: Vec<Text> = (0..hosts).map(|_| plot.world.inside_source()).collect();
        for source in sources {
            let node = plot.node();
            let lead = ((cut - plot.start) / gap).min(120);
            let phase = plot.rng.range(0, gap);
            plot.steady(cut - lead * gap + phase - gap, lead as usize, gap, 0.02, |plot, time| {
                plot.act(time.min(cut - SECOND), node, source, What::Use(Credential::Password(account)));
            });
            let last = plot.steady(cut + phase + SECOND, count, gap, 0.02, |plot, time| {
                plot.act(time, node, source, What::Login { name, account: Some(account), right: false });
            });
            if plot.strength == Strength::Weak {
                plot.steady(last + gap, 30, gap, 0.02, |plot, time| {
                    plot.act(time, node, source, What::Use(Credential::Password(account)));
                });
            }
        }
        plot.change(cut, admin_source, Change::password(admin, name));
        plot.incident.cause_at = Some(cut);
    },
};
