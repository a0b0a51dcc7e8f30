//! How powerful somebody is, as the cluster itself says.

use serde::{Deserialize, Serialize};

/// The privileges of an account or of an API key that a finding names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct AccountPower {
    /// The account; null of a key.
    pub principal: Option<String>,
    /// The key; null of an account.
    pub api_key: Option<String>,
    /// Roles that grant it.
    pub roles: Vec<String>,
    /// Roles that no listing describes.
    pub unknown_roles: Vec<String>,
    /// As good as superuser.
    pub superuser: bool,
    /// May make users, roles and keys of any power.
    pub manages_security: bool,
    /// Patterns of indices that it may read.
    pub reads: Vec<String>,
    /// Patterns of indices that it may write to or delete.
    pub writes: Vec<String>,
    /// As whom it may act.
    pub run_as: Vec<String>,
    /// The time that this is of, if it is known.
    pub as_of: Option<String>,
    /// The input that says it.
    pub path: String,
}
