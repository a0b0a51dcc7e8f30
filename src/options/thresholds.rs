//! The thresholds of the findings: plain data, each with its default, what it means and where it comes from. The configuration
//! file, `--print-config`, `esaudit explain` and the report's parameters all iterate this one list.

use serde::{Deserialize, Serialize};

/// One threshold, described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Name in the configuration file.
    pub name: &'static str,
    /// What it means: the lines of its documentation.
    pub about: &'static [&'static str],
    /// Where the default comes from.
    pub source: &'static str,
}

/// The thresholds of one kind of finding, described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// Name in the configuration file: the kind of finding, or `general`.
    pub name: &'static str,
    /// What they are for.
    pub about: &'static [&'static str],
    /// The thresholds.
    pub fields: &'static [Field],
}

macro_rules! thresholds {
    ($(
        $(#[doc = $about:literal])*
        $section:ident: $type:ident {
            $($(#[doc = $doc:literal])* $field:ident: $scalar:ty = $default:literal, $source:literal;)*
        }
    )*) => {
        $(
            $(#[doc = $about])*
            #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
            #[serde(deny_unknown_fields, default)]
            pub struct $type {
                $($(#[doc = $doc])* pub $field: $scalar,)*
            }

            impl Default for $type {
                fn default() -> Self {
                    Self { $($field: $default,)* }
                }
            }
        )*

        /// Every threshold of every kind of finding.
        #[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Thresholds {
            $($(#[doc = $about])* pub $section: $type,)*
        }

        impl Thresholds {
            /// All of them, described, in the order in which they are documented.
            pub const SECTIONS: &'static [Section] = &[$(
                Section {
                    name: stringify!($section),
                    about: &[$($about),*],
                    fields: &[$(Field {
                        name: stringify!($field),
                        about: &[$($doc),*],
                        source: $source,
                    }),*],
                }
            ),*];
        }
    };
}

thresholds! {
    /// What several kinds of finding share.
    general: General {
        /// Bursts of one campaign may pause this long.
        campaign_pause_seconds: u64 = 86_400, "own: attackers come back the next day; a day later it is told as a second campaign";
        /// A cadence is steady if the median deviation of the gaps is at most this share of their median (chance: 0.7).
        steady_spread: f64 = 0.15, "own: schedulers drift by a few percent, a tenth of jitter gives 0.1, exponential gaps have 0.69";
        /// Failures from which a cadence is measured at all.
        steady_failures: u64 = 8, "own: fewer gaps look steady by chance";
        /// A change and the failures it causes lie at most this far apart.
        onset_seconds: u64 = 1800, "Elasticsearch caches credentials for 20 minutes (xpack.security.authc.realms.native.*.cache.ttl)";
        /// A person who mistypes at most this often and then logs in is no incident.
        mistype_failures: u64 = 9, "own: below twice the lockout of five that most directories use";
    }
    /// One source (or a few) and one principal, many tries.
    password_guessing: PasswordGuessing {
        /// Failures of one principal from one source within the window.
        failures: u64 = 5, "fail2ban sshd: maxretry 5, findtime 10m; Hayabusa: 5 per user and address in 5 min";
        /// The window.
        window_seconds: u64 = 600, "fail2ban sshd: findtime 10m";
        /// Failures of one principal from one source within a minute that make it a flood.
        flood_failures: u64 = 100, "Elastic detection rules: 100 failures per host and address in 60 s";
        /// Distributed: sources that try one principal within the window.
        distributed_sources: u64 = 5, "Elastic (Okta): at least 5 addresses per user in 30 min";
        /// Distributed: tries within the window.
        distributed_failures: u64 = 10, "Elastic (Okta): at least 10 tries per user in 30 min";
        /// Distributed: the window.
        distributed_window_seconds: u64 = 1800, "Elastic (Okta): 30 min";
    }
    /// One source or subnet and many principals, few tries each.
    password_spraying: PasswordSpraying {
        /// Principals that one source tries within the window.
        principals: u64 = 5, "Elastic (Okta): at least 5 users per address in 1 h";
        /// Failures within the window.
        failures: u64 = 15, "Elastic (Okta): at least 15 tries in 1 h";
        /// The window.
        window_seconds: u64 = 3600, "Elastic (Okta): 1 h";
        /// Failures per principal at most, on average: above it is guessing.
        most_per_principal: f64 = 8.0, "Elastic (Okta): at most 8 tries per user";
        /// Slow spraying: principals that one source tries within the slow window.
        slow_principals: u64 = 15, "Elastic (Entra): at least 15 users";
        /// The slow window.
        slow_window_seconds: u64 = 86_400, "own: a try per account and day stays below every lockout";
    }
    /// Many sources and many principals, about one try each.
    credential_stuffing: CredentialStuffing {
        /// Principals within the window.
        principals: u64 = 10, "Elastic (Entra): at least 10 users";
        /// Failures within the window.
        failures: u64 = 30, "Elastic (Entra): at least 30 events";
        /// Sources within the window.
        sources: u64 = 5, "Elastic (Entra): at least 5 addresses";
        /// The window.
        window_seconds: u64 = 1800, "Elastic (Entra): 15 to 30 min";
        /// Failures per principal at most, on average.
        most_per_principal: f64 = 2.0, "Elastic (Okta): at most 2 tries per user";
    }
    /// One pair of source and principal, few tries an hour, for hours or days.
    low_and_slow: LowAndSlow {
        /// Failures without a success between them.
        failures: u64 = 6, "CrowdSec ssh-slow-bf: the last 4 failures; own: two more, as people retry too";
        /// From the first to the last.
        span_seconds: u64 = 7200, "own: shorter is a person who tries again later";
        /// Median gap from which on a pair is slow; below it, twice the failures are asked for.
        median_gap_seconds: u64 = 600, "CrowdSec ssh-slow-bf: median interval above 10 min";
    }
    /// Failures of a principal from a source, then its success from there.
    account_compromise: AccountCompromise {
        /// Failures of the principal from the source within the window before its success.
        failures: u64 = 5, "Elastic detection rules: 5 failures, then a success";
        /// Failures that are enough where the source had been used by the principal before.
        failures_known_source: u64 = 20, "Timesketch: at least 20 failures in the hour before a success from the address";
        /// The window.
        window_seconds: u64 = 3600, "Timesketch: the hour before the success";
    }
    /// A client that goes on with a password that is no longer right.
    stale_credential: StaleCredential {
        /// Failures of one principal from one source.
        failures: u64 = 10, "own: a client that is corrected within ten tries needs nobody";
        /// From the first to the last.
        span_seconds: u64 = 300, "own: shorter is a restart";
    }
    /// An invalidated API key is still used.
    api_key_invalidated_in_use: ApiKeyInvalidatedInUse {
        /// Refusals of the key.
        failures: u64 = 5, "own: a client that stops after a few refusals was stopped on purpose";
    }
    /// A key was invalidated before its replacement was in use.
    api_key_rotation_outage: ApiKeyRotationOutage {
        /// Refusals of the old key.
        failures: u64 = 5, "own: as api_key_invalidated_in_use";
        /// The replacement is made, or first used, at most this long after the invalidation (or this long before).
        replacement_seconds: u64 = 86_400, "own: an outage of a rotation is repaired within the day";
    }
    /// An expired API key is still used.
    api_key_expired_in_use: ApiKeyExpiredInUse {
        /// Refusals of the key, or of expired keys from one source.
        failures: u64 = 5, "own: as api_key_invalidated_in_use";
    }
    /// A key that this cluster does not have.
    api_key_unknown: ApiKeyUnknown {
        /// Refusals of the key.
        failures: u64 = 5, "own: as api_key_invalidated_in_use";
    }
    /// A key with a wrong secret.
    api_key_bad_secret: ApiKeyBadSecret {
        /// Refusals of the key.
        failures: u64 = 5, "own: as api_key_invalidated_in_use";
    }
    /// A cross-cluster key on the REST interface, or the reverse.
    api_key_wrong_type: ApiKeyWrongType {
        /// Refusals of the key.
        failures: u64 = 5, "own: as api_key_invalidated_in_use";
    }
    /// A valid key that may not do what it is used for.
    api_key_underprivileged: ApiKeyUnderprivileged {
        /// Refused actions of one key.
        denials: u64 = 10, "own: clients probe for privileges a few times when they start";
    }
    /// Many keys are invalidated at once.
    mass_invalidation: MassInvalidation {
        /// Keys that one actor invalidates within the window.
        keys: u64 = 10, "own: a rotation by hand does not reach it";
        /// The window.
        window_seconds: u64 = 3600, "own: as long as a burst by hand or script takes";
    }
    /// Clients that send no credentials.
    missing_credentials: MissingCredentials {
        /// Sources that begin to send none within the onset window.
        sources: u64 = 5, "own: a new probe is one or two sources";
        /// Within this time of each other.
        onset_window_seconds: u64 = 600, "own: a restarted cluster's clients come back within minutes";
        /// Refusals of each.
        failures_per_source: u64 = 3, "own: one request without credentials is how many clients ask for a challenge";
    }
    /// A realm is missing on a node.
    wrong_realm: WrongRealm {
        /// Principals that fail on the node and succeed elsewhere.
        principals: u64 = 3, "own: one or two may mistype on the same node";
        /// Failures of each.
        failures_per_principal: u64 = 2, "own: one is a mistype";
        /// Failures that are enough where only one or two principals are concerned.
        single_principal_failures: u64 = 10, "own: as stale_credential";
    }
    /// One node's clock is wrong.
    clock_skew: ClockSkew {
        /// Clients that are refused on the node and succeed on others.
        clients: u64 = 2, "own: one client may hold one bad token";
        /// Refusals of each.
        failures_per_client: u64 = 3, "own: a token that has just expired is refused once or twice";
        /// Share of their refusals that must fall on the one node.
        share_on_node: f64 = 0.9, "own";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_threshold_is_described() {
        for section in Thresholds::SECTIONS {
            assert!(!section.about.is_empty(), "{}", section.name);
            for field in section.fields {
                assert!(!field.about.is_empty() && !field.source.is_empty(), "{}.{}", section.name, field.name);
            }
        }
    }
}
