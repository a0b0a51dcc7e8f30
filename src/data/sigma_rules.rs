//! Hostile kinds as rules of Sigma, for the detection of what happens now: what a rule that counts within minutes can say of them.
//! Their thresholds are judgement: a rule knows neither how an account fails ordinarily nor from where it gets in.

/// Rules by kind.
pub const RULES: &[(&str, &str)] = &[
    ("account_compromise", include_str!("sigma_rules/account_compromise.yml")),
    ("api_key_guessing", include_str!("sigma_rules/api_key_guessing.yml")),
    ("credential_stuffing", include_str!("sigma_rules/credential_stuffing.yml")),
    ("low_and_slow", include_str!("sigma_rules/low_and_slow.yml")),
    ("mass_invalidation", include_str!("sigma_rules/mass_invalidation.yml")),
    ("password_guessing", include_str!("sigma_rules/password_guessing.yml")),
    ("password_spraying", include_str!("sigma_rules/password_spraying.yml")),
    ("persistence", include_str!("sigma_rules/persistence.yml")),
    ("unauthenticated_scan", include_str!("sigma_rules/unauthenticated_scan.yml")),
];

/// Hostile kinds that no rule can say, and why.
pub const UNSAID: &[(&str, &str)] = &[
    ("audit_gap", "a rule sees events, and not that none come"),
    ("suspicious_access", "a rule does not know from where an account got in before"),
];

/// The files of a folder of rules, by name.
#[must_use]
pub fn files() -> Vec<(String, Vec<u8>)> {
    let mut read_me = "Rules of Sigma for the audit log of Elasticsearch, with the field names of Filebeat's module: event.action, user.name,\n\
                       source.ip. Their thresholds are judgement; `esaudit report` weighs each failure against how the account fails\n\
                       ordinarily, which no rule can.\n\nNot among them:\n"
        .to_owned();
    for (kind, why) in UNSAID {
        read_me.push_str(&format!("- {kind}: {why}\n"));
    }
    let rules = RULES.iter().map(|(kind, text)| (format!("{kind}.yml"), text.as_bytes().to_vec()));
    rules.chain([("README.md".to_owned(), read_me.into_bytes())]).collect()
}
