//! What is known of addresses beyond the logs.

use serde::{Deserialize, Serialize};

use crate::geography::Geo;

/// An address of which something is known: by the configuration, a list, or a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct KnownAddress {
    /// As it was logged.
    pub address: String,
    /// Failed attempts from there.
    pub failures: u64,
    /// What is known.
    #[serde(flatten)]
    pub facts: AddressFacts,
}

/// What is known of an address; what is not is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct AddressFacts {
    /// Name of the network of the configuration that it is in.
    pub network: Option<String>,
    /// What a list says of it.
    pub listed: Option<ListedAddress>,
    /// What databases say of it.
    pub geo: Option<Geo>,
}

/// An entry of a list of addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct ListedAddress {
    /// bad, good.
    pub standing: String,
    /// What the list says.
    pub label: Option<String>,
    /// The list, as it was named; null where nobody may be named.
    pub list: Option<String>,
}

impl AddressFacts {
    /// Who it is, in a word or a few: its network, what a list says, its country and who announces it.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words: Vec<String> = self.network.iter().cloned().collect();
        if let Some(listed) = &self.listed {
            let label = listed.label.as_ref().map(|label| format!(": {label}")).unwrap_or_default();
            words.push(format!("known {}{label}", listed.standing));
        }
        if let Some(geo) = &self.geo {
            words.extend(geo.country.clone());
            words.extend(geo.as_number.map(|number| format!("AS{number}")));
            words.extend(geo.flags.iter().map(|flag| flag.replace('_', " ")));
        }
        words
    }
}
