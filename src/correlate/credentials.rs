//! With what an attempt was made: what its record says, and what its reason shows.

use super::Joined;
use crate::credential::Credential;
use crate::reason::Reason;
use crate::state::{Attempt, Outcome};

impl Joined {
    /// What an attempt was made with.
    #[must_use]
    pub fn credential(&self, attempt: &Attempt) -> Credential {
        match attempt.reason {
            Reason::ApiKeyInvalidated
            | Reason::ApiKeyExpired
            | Reason::ApiKeyNotFound
            | Reason::ApiKeyBadSecret
            | Reason::ApiKeyWrongType
            | Reason::ApiKeyError => Credential::ApiKey,
            Reason::ServiceTokenInvalid => Credential::ServiceToken,
            Reason::TokenExpired | Reason::TokenInvalid => Credential::Token,
            Reason::MissingCredentials => Credential::None,
            Reason::Unknown if attempt.outcome == Outcome::AnonymousDenied => Credential::None,
            _ if attempt.outcome == Outcome::AnonymousDenied => Credential::Unknown,
            _ => match self.judged(attempt.principal) {
                Some(id) if id.len() == KEY_ID && self.key(attempt.principal).is_some() => Credential::ApiKey,
                Some(principal) => Credential::of_principal(principal),
                None => Credential::Unknown,
            },
        }
    }
}

/// Length of the ids that Elasticsearch makes.
const KEY_ID: usize = 20;
