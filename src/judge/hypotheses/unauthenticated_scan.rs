//! Many requests without credentials from somebody who has none.

use super::{Doc, Hypothesis, ToldCampaign, scan};
use crate::judge::campaign::Family;
use crate::judge::kinds::Kind;
use crate::judge::words::number;

/// The hypothesis.
pub(super) static HYPOTHESIS: Hypothesis = Hypothesis {
    doc: Doc {
        kind: Kind::UnauthenticatedScan,
        signature: "many requests without credentials from a source that never authenticates",
        meaning: "Somebody asks for what can be had without credentials at {sources}.",
        verdict: "hostile or unclear where the source lies outside and never gets in; operational (as missing_credentials) where it ever did",
        next_steps: &[
            "Block {sources} at the firewall, or in xpack.security.http.filter.deny of every node.",
            "Close the port: Elasticsearch should be reached through a proxy or VPN only.",
            "Look whether anything was answered: access_granted events of _anonymous.",
        ],
        false_positives: &[
            "A monitor outside that was never given credentials.",
            "The organisation's own scanner: name it under scanners.",
        ],
        attack: &["T1595"],
        source: "MITRE ATT&CK T1595 Active Scanning",
    },
    hostile: true,
    families: &[Family::Bare],
    severity: scan,
    title,
};

fn title(told: &ToldCampaign<'_, '_>) -> String {
    let (many, places) = (number(told.failures()), told.places());
    if told.campaign.attempts.iter().all(|&at| told.scene.is_passed_on(at)) {
        return format!("{many} requests without credentials came through {places} from outside");
    }
    format!("{many} requests without credentials from {places}, which never got in")
}
