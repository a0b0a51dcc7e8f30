//! Kinds, verdicts and severities, named as in the report's contract.

macro_rules! named {
    ($(#[$about:meta])* $type:ident { $($(#[$doc:meta])* $name:ident = $text:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $type {
            $($(#[$doc])* $name,)*
        }

        impl $type {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The name in reports.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The one of a name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.name() == name)
            }
        }
    };
}

named! {
    /// What kind of pattern a finding is.
    Kind {
        /// Many tries of one password.
        PasswordGuessing = "password_guessing",
        /// Few tries of many accounts from one place.
        PasswordSpraying = "password_spraying",
        /// One try of many accounts from many places.
        CredentialStuffing = "credential_stuffing",
        /// Few tries an hour, for long.
        LowAndSlow = "low_and_slow",
        /// Failures, then a success.
        AccountCompromise = "account_compromise",
        /// A client with an old password.
        StaleCredential = "stale_credential",
        /// A client with an invalidated key.
        ApiKeyInvalidatedInUse = "api_key_invalidated_in_use",
        /// A key invalidated before its replacement was in use.
        ApiKeyRotationOutage = "api_key_rotation_outage",
        /// A client with an expired key.
        ApiKeyExpiredInUse = "api_key_expired_in_use",
        /// A client with a key that this cluster does not have.
        ApiKeyUnknown = "api_key_unknown",
        /// A client with a wrong secret.
        ApiKeyBadSecret = "api_key_bad_secret",
        /// A key of the wrong type.
        ApiKeyWrongType = "api_key_wrong_type",
        /// A valid key that may not do what it is used for.
        ApiKeyUnderprivileged = "api_key_underprivileged",
        /// Many keys invalidated at once.
        MassInvalidation = "mass_invalidation",
        /// Clients that send no credentials.
        MissingCredentials = "missing_credentials",
        /// A node without a realm.
        WrongRealm = "wrong_realm",
        /// A wrong clock, of a node or of who issues tokens.
        ClockSkew = "clock_skew",
        /// A new place of an account, then powerful actions.
        SuspiciousAccess = "suspicious_access",
        /// What an intruder made to stay.
        Persistence = "persistence",
        /// Many secrets or ids of API keys tried.
        ApiKeyGuessing = "api_key_guessing",
        /// Many requests without credentials from somebody who has none.
        UnauthenticatedScan = "unauthenticated_scan",
        /// Attempts that no realm judged.
        RealmOutage = "realm_outage",
        /// An audit log that stops while its node lives.
        AuditGap = "audit_gap",
    }
}

named! {
    /// How bad; the worst last.
    Severity {
        /// Worth knowing.
        Info = "info",
        /// Look when there is time.
        Low = "low",
        /// Look today.
        Medium = "medium",
        /// Look now.
        High = "high",
        /// Act now.
        Critical = "critical",
    }
}

named! {
    /// What it is, in the order in which findings of one severity are told.
    Verdict {
        /// An attack.
        Hostile = "hostile",
        /// The evidence is balanced.
        Unclear = "unclear",
        /// Something is broken.
        Operational = "operational",
    }
}
